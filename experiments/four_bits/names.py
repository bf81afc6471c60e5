"""What elements, sources and scales are called in tables and pictures."""

ELEMENTS = {
    "nf4": "NF4",
    "af4": "AF4",
    "e2m1fn": "E2M1",
    "uint4@zero_point": "INT4 with zero point",
    "int4s": "INT4 symmetric",
    "fp4_bnb": "FP4 (bitsandbytes)",
}
SOURCES = {
    "normal": "normal",
    "laplace": "Laplace",
    "student_t": "Student's t",
    "model": "sentence encoder",
}
POWER_OF_TWO = "e8m0fnu"
SCALES = {
    POWER_OF_TWO: "E8M0, 8 bits",
    "e5m3fnu": "UE5M3, 8 bits",
    "e4m3fn/tensor:binary32": "E4M3 and one binary32, 8 bits",
    "dynamic8/256:binary32@double_quant": "double quantization, 8.1 bits",
    "bfloat16": "bfloat16, 16 bits",
    "binary16": "binary16, 16 bits",
    "binary32": "binary32, 32 bits",
}


def kind_of_scale(scale: str) -> str:
    """A key of SCALES: recipes of power-of-two scales are one kind."""
    return POWER_OF_TWO if scale.startswith(POWER_OF_TWO) else scale


def recipe_of(scale: str) -> str:
    _, _, recipe = scale.partition("recipe=")
    return recipe
