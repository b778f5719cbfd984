"""Folders that are replaced atomically: written under another name, flushed to disk, and renamed.

| name | what it is |
|---|---|
| `NAME` | the folder: complete whenever it exists |
| `NAME.new` | the new folder while it is written |
| `NAME.old` | the previous folder, until the new one is in place |

After a process was killed at any moment, `recover` finds either the old folder or the new one, never half of each.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from signjax.pickles.atomic import sync_folder

_NEW, _OLD = ".new", ".old"


def _beside(folder: Path, suffix: str) -> Path:
    return folder.with_name(folder.name + suffix)


def target_of(folder: Path) -> Path:
    """The folder that a symbolic link points to, which is what gets replaced: the user may have put it on another disk."""
    return folder.resolve() if folder.is_symlink() else folder


def settled(folder: Path) -> bool:
    """Whether there is nothing for `recover` to do."""
    return not (_beside(folder, _OLD).exists() or _beside(folder, _NEW).exists())


def recover(folder: Path) -> None:
    """Completes or undoes what a killed `replacing` left behind; the caller holds the folder's lock."""
    old, new = _beside(folder, _OLD), _beside(folder, _NEW)
    if old.exists():
        if folder.exists():
            _remove(old)
        else:  # killed between the two renames: the new folder will be written again
            old.replace(folder)
    if new.exists():
        _remove(new)


def _remove(folder: Path) -> None:
    if folder.is_symlink():
        folder.unlink()
    else:
        shutil.rmtree(folder)


@contextmanager
def replacing(folder: Path) -> Iterator[Path]:
    """Yields an empty folder to fill, which replaces `folder` when the block ends and is removed if the block fails.

    The previous folder is renamed first and removed last. The caller holds the folder's lock.
    """
    recover(folder)
    old, new = _beside(folder, _OLD), _beside(folder, _NEW)
    new.mkdir(parents=True)
    try:
        yield new
        sync_folder(os.fspath(new))
    except BaseException:
        shutil.rmtree(new, ignore_errors=True)
        raise
    if folder.exists():
        folder.replace(old)
    new.replace(folder)
    sync_folder(os.fspath(folder.parent))
    # The data are in place; what cannot be removed now will be removed by the next `recover`.
    shutil.rmtree(old, ignore_errors=True)


@contextmanager
def written_whole(folder: Path) -> Iterator[Path]:
    """Yields an empty folder to fill, which takes the place of `folder` when the block ends and is removed if the block fails.

    Unlike `replacing`, it claims no name that a user may have given: a folder `NAME.old` beside this one stays. A process that is
    killed while the block runs leaves `.NAME.partial`, which the next one removes.
    """
    target = folder.resolve()
    partial = target.with_name(f".{target.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        yield partial
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    if target.is_dir():
        shutil.rmtree(target)
    partial.rename(target)
