"""The sources that signjax generates: their clips are first written as files, and then read like users' files."""

from pathlib import Path

from signjax.data.synthetic import corpus as synthetic
from signjax.data.synthetic import hamnosys_corpus as synthetic_hamnosys
from signjax.data.synthetic.corpus import CorpusSize, Say
from signjax.data.synthetic.hamnosys_corpus import StringCorpus
from signjax.data.workers import Workers

SOURCES = ("synthetic", "synthetic_hamnosys")

Corpus = CorpusSize | StringCorpus


def write_corpus(folder: Path, corpus: Corpus, seed: int, say: Say, workers: Workers) -> None:
    """Writes a corpus, unless it already exists.

    Raises:
      InputError: the folder holds something else, or there are no strings to sign.
    """
    if isinstance(corpus, StringCorpus):
        synthetic_hamnosys.write_corpus(folder, corpus, seed, say, workers)
    else:
        synthetic.write_corpus(folder, corpus, seed, say, workers)
