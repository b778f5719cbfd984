"""Names that are matched although they are not equal: the right file, or none."""

from hypothesis import given, settings
from hypothesis import strategies as st

from signjax.data.tables.pairing.file_names import FileNames, would_match
from signjax.data.tables.pairing.loose_names import pair


def paired(texts, files, classes=("A", "B")):
    """The file of each name, with those matched exactly, and the doubts."""
    names = FileNames(files, (".npy",))
    exact = {text: index for text in texts if (index := names.find(text)) is not None}
    found = pair(texts, files, exact, {name.casefold() for name in classes})
    return {text: files[index] for text, index in {**exact, **found.files}.items()}, found


def matches(texts, files, **options):
    return paired(texts, files, **options)[0]


def test_suffixes_of_videos_and_arrays():
    files = ["a.npy", "b.mp4.npy", "c.NPY", "take 1.5.npy"]
    texts = ["a.MOV", "b", "c.pose", "take 1.5.webm"]
    assert matches(texts, files) == dict(zip(texts, files, strict=True))


def test_paths_of_other_machines_and_systems():
    texts = [r"C:\Users\me\hello\1.mp4", r"C:\Users\me\bye\1.mp4", r"C:\Users\me\bye\2.mp4"]
    files = ["hello/1.npy", "bye/1.npy", "bye/2.npy"]
    assert matches(texts, files) == dict(zip(texts, files, strict=True))
    assert matches([r"\\server\data\hello\1.mp4"], files) == {r"\\server\data\hello\1.mp4": "hello/1.npy"}
    assert matches(["/home/x/clips/a_1.mp4"], ["a_1.npy"]) == {"/home/x/clips/a_1.mp4": "a_1.npy"}
    assert matches(["../clips/./a_1.mp4"], ["poses/train/a_1.npy"]) == {"../clips/./a_1.mp4": "poses/train/a_1.npy"}
    assert matches(["01April-0/1/*.png"], ["01April-0.npy"]) == {"01April-0/1/*.png": "01April-0.npy"}


def test_zeros_that_a_spreadsheet_removed():
    files = ["00335.npy", "05237.npy", "69241.npy"]
    expected = {"335": files[0], "5237": files[1], "69241": files[2]}
    assert matches(list(expected), files) == expected
    assert matches(["335.0", "5237.0"], files) == {"335.0": files[0], "5237.0": files[1]}
    assert matches(["00335", "00001"], ["335.npy", "1.npy"]) == {"00335": "335.npy", "00001": "1.npy"}
    assert matches(["videos/335.mp4"], files) == {"videos/335.mp4": files[0]}


def test_zeros_that_tell_names_apart():
    assert matches(["1"], ["01.npy", "001.npy"]) == {}
    assert matches(["335", "0335"], ["00335.npy"]) == {}  # the table kept its zeros
    assert matches(["335"], ["00335.npy", "335.npy"]) == {"335": "335.npy"}
    assert matches(["7"], ["007.npy", "12.npy"]) == {}


def test_unicode_forms():
    assert matches(["\uff48ello ①"], ["hello 1.npy"]) == {"\uff48ello ①": "hello 1.npy"}
    assert matches(["x²", "x2"], ["x2.npy"]) == {"x2": "x2.npy"}


def test_samples_of_autsl():
    texts = ["signer0_sample1", "signer0_sample2"]
    files = ["signer0_sample1_color.npy", "signer0_sample2_color.npy", "signer0_sample2_depth.npy"]
    found, pairing = paired(texts, files)
    assert found == {texts[0]: files[0]}
    assert pairing.doubtful == {texts[1]: f"several files fit: {files[1]!r}, {files[2]!r}"}
    assert matches(["hello"], ["hello_color.npy"]) == {}


def test_two_names_for_one_file_get_none():
    found, pairing = paired(["a.mp4", "a.mov", "b.mp4"], ["a.npy", "b.npy"])
    assert found == {"b.mp4": "b.npy"}
    assert pairing.doubtful == {
        "a.mp4": "a.npy fits, but also 'a.mov' of the table",
        "a.mov": "a.npy fits, but also 'a.mp4' of the table",
    }
    found, pairing = paired(["a", "a.mp4"], ["a.npy"])
    assert found == {"a": "a.npy"} and "also 'a' of the table" in pairing.doubtful["a.mp4"]


def test_one_name_for_two_files_gets_none():
    found, pairing = paired(["x.mp4"], ["p/x.npy", "q/x.npy"])
    assert found == {} and pairing.doubtful["x.mp4"] == "several files fit: 'p/x.npy', 'q/x.npy'"


def test_folders_that_contradict_each_other():
    for texts, files in (
        (["hello/1.mp4"], ["bye/1.npy"]),
        (["hello/take1.mp4", "hello/take2.mp4"], ["bye/take1.npy", "bye/take2.npy"]),
        ([r"C:\d\hello\1.mp4", r"C:\d\bye\2.mp4"], ["hello/2.npy", "bye/1.npy"]),
        (["/d/train/x_1.mp4"], ["test/x_1.npy"]),
        (["/d/p1/hello/1.mp4"], ["p2/hello/1.npy"]),
        (["hello/1.mp4", "bye/2.mp4"], ["1.npy", "2.npy"]),  # numbers within folders that are not there
        (["p1/x.mp4", "p2/x.mp4", "p1/y.mp4"], ["x.npy", "y.npy"]),
    ):
        found, pairing = paired(texts, files)
        assert found == {} and pairing.doubtful
    assert matches(["a/1.mp4"], ["1.npy"]) == {}  # a class of that name


CLIPS = st.lists(
    st.tuples(st.sampled_from(["hello", "bye", "train", "p1"]), st.sampled_from(["1", "2", "07", "take1", "00335", "335"])),
    min_size=1, max_size=8, unique=True,
)  # fmt: skip
WRITTEN = st.sampled_from(
    ["{}/{}.mp4", "C:\\data\\{}\\{}.MOV", "/home/x/videos/{}/{}", "./{}/{}.npy", "{}/{}", "https://host/d/{}/{}.mp4"]
)


@settings(deadline=None)
@given(CLIPS, CLIPS, WRITTEN, st.sampled_from(["{}/{}.npy", "poses/{}/{}.npy", "{}/{}.mp4.npy"]))
def test_no_clip_gets_the_name_of_another(listed, recorded, written, stored):
    """Whatever part of the clips a table lists, and whatever part there is a file of."""
    files = [stored.format(*clip) for clip in recorded]
    texts = [written.format(*clip) for clip in listed]
    clip_of = dict(zip(texts, listed, strict=True))
    for text, file in matches(texts, files, classes={label for label, _ in listed}).items():
        meant, found = clip_of[text], recorded[files.index(file)]
        assert (meant[0], meant[1].zfill(5)) == (found[0], found[1].zfill(5))


@settings(deadline=None)
@given(
    st.lists(st.text("ab01/._", max_size=5), max_size=6),
    st.lists(st.text("ab01/._", min_size=1, max_size=5), max_size=6),
)
def test_a_file_gets_one_loose_name_at_most_and_none_if_it_has_an_exact_one(texts, files):
    names = FileNames(files, (".npy",))
    exact = {text: index for text in texts if (index := names.find(text)) is not None}
    found = pair(texts, files, exact)
    assert len(set(found.files.values())) == len(found.files)
    assert not set(found.files.values()) & set(exact.values())
    assert not set(found.files) & set(exact) and not set(found.doubtful) & set(found.files)


def test_what_would_make_names_match():
    files = ["HELLO_1.npy", "BYE-2.npy", "x/take_0012.npy"]
    for texts, said in (
        (
            ["hello_1.mp4", "z"],
            "If upper and lower case were ignored, 1 of them would match, such as 'hello_1.mp4' and 'HELLO_1",
        ),
        (["bye 2"], "If case, blanks, hyphens and underscores were ignored, 1 of them"),
        (
            ["clip12"],
            "If everything except the numbers were ignored, 1 of them would match, such as 'clip12' and 'x/take_0012.npy'",
        ),
        (["p1_HELLO_1"], "If a name counted that is only a part of the other, 1 of them"),
        (["q/HELLO_1"], "If folders and suffixes were ignored, 1 of them"),
        (["nothing"], ""),
    ):
        assert would_match(texts, files).startswith(said)
        assert bool(would_match(texts, files)) == bool(said)
