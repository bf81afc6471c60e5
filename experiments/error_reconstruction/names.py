"""What methods and kinds of schemes are called in tables and pictures, and how they are drawn."""

METHODS = {
    "none": "no correction",
    "zeroquant_v2": "ZeroQuant-V2 (plain)",
    "lqer": "LQER",
    "qera_approx": "QERA-approx",
    "qera_exact": "QERA-exact = EoRA",
    "loftq": "LoftQ",
    "svdquant": "SVDQuant",
    "caldera": "CALDERA",
    "gptq": "GPTQ",
    "gptq+qera_exact": "GPTQ, then QERA-exact",
    "bias": "bias alone",
    "bias+qera_exact": "bias and QERA-exact",
}
SHORT = {
    "none": "alone",
    "zeroquant_v2": "plain",
    "lqer": "LQER",
    "qera_approx": "approx",
    "qera_exact": "exact",
    "loftq": "LoftQ",
    "svdquant": "SVDQuant",
    "caldera": "CALDERA",
    "gptq": "GPTQ",
    "gptq+qera_exact": "GPTQ, exact",
    "bias": "bias",
    "bias+qera_exact": "bias, exact",
}
CLOSED = ("zeroquant_v2", "lqer", "qera_approx", "qera_exact")
KINDS = {
    "affine": "integers, zero points",
    "channel": "integers a channel",
    "normal_float": "normal floats",
    "two_level": "minifloats, E4M3 scales",
    "mx": "minifloats, E8M0 scales",
    "powers_of_two": "powers of two",
}

# Okabe and Ito's colours and two dark ones of Tol's; a marker's shape says the same once more.
_COLOURS = ("#222222", "#E69F00", "#CC79A7", "#56B4E9", "#0072B2", "#009E73", "#882255", "#D55E00")
_COLOURS += ("#7F7F7F", "#332288", "#999933", "#117733")
_MARKERS = ("o", "v", "D", "s", "^", "P", "X", "*", "<", ">", "d", "p")
STYLE = dict(zip(METHODS, zip(_COLOURS, _MARKERS, strict=True), strict=True))
KIND_MARKERS = dict(zip(KINDS, ("o", "v", "^", "D", "s", "P"), strict=True))
ALLOCATIONS = {
    "codes and rank, by weight error": ("#E69F00", ":"),
    "codes and rank, by output error": ("#CC79A7", "--"),
    "codes alone, by drift": ("#7F7F7F", "-"),
    "codes and rank, by drift": ("#0072B2", "-"),
    "every method, by drift": ("#D55E00", "-"),
}
