"""Hessian-vector products of torch and JAX as operators. Neither is imported before a helper is called."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from halfulp.sharpness._checks import finite_array
from halfulp.sharpness._operator import Operator
from halfulp.sweeping._extras import need


def _torch_parameters(parameters: Any) -> dict[str, Any]:
    """Tensors by name: of a mapping, of (name, tensor) pairs, of tensors, of one tensor."""
    torch = need("torch", "torch", "a Hessian of torch")
    if isinstance(parameters, torch.Tensor):
        named: dict[str, Any] = {"0": parameters}
    elif isinstance(parameters, Mapping):
        named = {str(name): tensor for name, tensor in parameters.items()}
    elif not isinstance(parameters, Iterable) or isinstance(parameters, (str, bytes)):
        raise TypeError(
            f"parameters is a {type(parameters).__name__}, allowed: a tensor, several, or model.named_parameters()"
        )
    else:
        items = list(parameters)
        pairs = bool(items) and all(isinstance(item, tuple) and len(item) == 2 for item in items)
        names = [str(n) for n, _ in items] if pairs else [str(i) for i in range(len(items))]
        if len(set(names)) < len(names):
            raise ValueError(f"parameters has names that are alike, {names}, allowed: names that differ")
        named = dict(zip(names, (t for _, t in items) if pairs else items, strict=True))
    if not named:
        raise ValueError("parameters is empty, allowed: at least one tensor")
    for name, tensor in named.items():
        if not isinstance(tensor, torch.Tensor) or not tensor.is_floating_point():
            kind = getattr(tensor, "dtype", type(tensor).__name__)
            raise TypeError(f"parameters[{name!r}] is a {kind}, allowed: tensors of floats")
        if not tensor.requires_grad:
            raise ValueError(f"parameters[{name!r}] does not require grad, allowed: tensors that do")
    if len({id(tensor) for tensor in named.values()}) < len(named):
        raise ValueError(f"parameters has one tensor twice, under {', '.join(named)}, allowed: each tensor once")
    return named


def _losses(loss: Any) -> tuple[Callable[[], Any], ...]:
    several = isinstance(loss, Iterable) and not hasattr(loss, "detach")
    parts = (loss,) if callable(loss) else tuple(loss) if several else ()
    if not parts or not all(callable(part) for part in parts):
        raise TypeError(f"loss is a {type(loss).__name__}, allowed: a function without arguments, or several of them")
    return parts


def _scalar(value: Any, torch: Any) -> Any:
    if not isinstance(value, torch.Tensor) or value.numel() != 1 or not value.requires_grad:
        what = f"shape {tuple(value.shape)}" if isinstance(value, torch.Tensor) else f"type {type(value).__name__}"
        if isinstance(value, torch.Tensor) and value.numel() == 1:
            what = "one element without a graph"
        raise ValueError(f"loss returned a result of {what}, allowed: a tensor of one element with a graph")
    return value.reshape(())


def _pieces(x: np.ndarray, tensors: Iterable[Any], torch: Any) -> list[Any]:
    """A float64 vector as tensors like these."""
    out, first = [], 0
    for tensor in tensors:
        part = torch.from_numpy(x[first : first + tensor.numel()].copy())
        out.append(part.to(device=tensor.device, dtype=tensor.dtype).reshape(tensor.shape))
        first += tensor.numel()
    return out


def _joined(tensors: Iterable[Any], torch: Any) -> np.ndarray:
    parts = [t.detach().to(device="cpu", dtype=torch.float64).reshape(-1) for t in tensors]
    return np.asarray(torch.cat(parts).numpy())


def torch_hvp(loss: Any, parameters: Any, *, keep_graph: bool = True) -> Operator:
    """The Hessian of a loss of torch with respect to some of its tensors, as an :class:`Operator` over all their
    elements in C order, one tensor after another; ``blocks`` has the tensors' names and lengths.

    loss: a function without arguments that computes the loss, a tensor of one element with its graph; or a sequence of
    them, say one for each batch, whose mean it is. parameters: a tensor, a sequence, a mapping or (name, tensor) pairs,
    as model.named_parameters() gives; anything in the graph that requires grad, activations too. Products are computed
    in the tensors' own dtype, float32 rounding and all: a model.double() has the second derivatives to more places.

    keep_graph: keep the first gradients' graph between products: half the time, and the memory of one graph for each
    loss; False builds it anew each time, so that batches can be many. Randomness in the loss (dropout) then differs
    from product to product: call model.eval(). Raises ValueError where the loss does not depend on any parameter.
    """
    torch = need("torch", "torch", "a Hessian of torch")
    named = _torch_parameters(parameters)
    tensors = tuple(named.values())
    losses = _losses(loss)
    kept: list[Any] = []

    def gradients(one: Callable[[], Any]) -> Any:
        found = torch.autograd.grad(_scalar(one(), torch), tensors, create_graph=True, allow_unused=True)
        if all(g is None for g in found):
            raise ValueError("loss depends on none of the parameters, allowed: tensors that are in its graph")
        return found

    def multiply(x: np.ndarray) -> np.ndarray:
        v = _pieces(x, tensors, torch)
        if keep_graph and not kept:
            kept.extend(gradients(one) for one in losses)
        total = np.zeros(x.shape)
        with torch.enable_grad():
            for place in range(len(losses)):
                first = kept[place] if keep_graph else gradients(losses[place])
                # What the loss does not depend on, or linearly, has no second derivative.
                along = [(g * w).sum() for g, w in zip(first, v, strict=True) if g is not None and g.requires_grad]
                if not along:
                    continue
                second = torch.autograd.grad(
                    torch.stack(along).sum(), tensors, retain_graph=keep_graph, allow_unused=True
                )
                filled = [torch.zeros_like(t) if h is None else h for h, t in zip(second, tensors, strict=True)]
                total += _joined(filled, torch)
        return total / len(losses)

    blocks = tuple((name, int(t.numel())) for name, t in named.items())
    return Operator(multiply, sum(n for _, n in blocks), "torch Hessian", blocks)


def torch_hessian(
    model: Any, loss: Callable[[Any, Any], Any], batches: Iterable[tuple[Any, Any]], parameters: Any = None
) -> Operator:
    """The Hessian of a model's mean loss over batches, as an :class:`Operator`: ``torch_hvp`` of loss(model(x), y),
    one batch after another, weighted by their numbers of samples.

    loss: of (outputs, targets), a mean over the samples of a batch. batches: pairs (x, y), kept. parameters: as of
    ``torch_hvp``; None: all of model.named_parameters() that require grad. The model should be in evaluation mode.
    """
    if not callable(model) or not hasattr(model, "named_parameters"):
        raise TypeError(f"model is a {type(model).__name__}, allowed: a torch.nn.Module")
    if not callable(loss):
        raise TypeError(f"loss is a {type(loss).__name__}, allowed: a function of outputs and targets")
    if not isinstance(batches, Iterable):
        raise TypeError(f"batches is a {type(batches).__name__}, allowed: pairs (x, y)")
    pairs = list(batches)
    if not pairs:
        raise ValueError("batches is empty, allowed: at least one pair (x, y)")
    for place, pair in enumerate(pairs):
        if not isinstance(pair, (tuple, list)) or len(pair) != 2:
            raise TypeError(f"batches[{place}] is a {type(pair).__name__}, allowed: a pair (x, y)")
        if len(pair[0]) == 0:
            raise ValueError(f"batches[{place}] has no samples, allowed: one or more")
    counts = [len(x) for x, _ in pairs]
    mean = sum(counts) / len(counts)

    def part(x: Any, y: Any, count: int) -> Callable[[], Any]:
        return lambda: loss(model(x), y) * (count / mean)

    if parameters is None:
        parameters = [(name, p) for name, p in model.named_parameters() if p.requires_grad]
    return torch_hvp([part(x, y, n) for (x, y), n in zip(pairs, counts, strict=True)], parameters, keep_graph=False)


def torch_layers(loss: Any, parameters: Any, *, keep_graph: bool = True) -> dict[str, Operator]:
    """For each tensor of ``parameters`` the operator of its own diagonal block of the Hessian, by name: what
    :func:`layer_traces` takes. Arguments as of :func:`torch_hvp`."""
    named = _torch_parameters(parameters)
    return {name: torch_hvp(loss, {name: tensor}, keep_graph=keep_graph) for name, tensor in named.items()}


def torch_loss(
    loss: Any, parameters: Any
) -> tuple[Callable[[np.ndarray], float], Callable[[np.ndarray], np.ndarray], np.ndarray]:
    """(value, gradient, point) of a loss of torch as functions of one float64 vector, for :func:`epsilon_sharpness`,
    :func:`sam`, :func:`asam` and the slices. point: what the tensors hold now. Every call leaves them as they were.
    Arguments as of :func:`torch_hvp`."""
    torch = need("torch", "torch", "a loss of torch")
    tensors = tuple(_torch_parameters(parameters).values())
    losses = _losses(loss)
    size = sum(t.numel() for t in tensors)

    def at(x: Any, derivative: bool) -> Any:
        vector = finite_array("x", x).reshape(-1)
        if vector.size != size:
            raise ValueError(f"x has {vector.size} elements, allowed: {size}, as the parameters have")
        before = [t.detach().clone() for t in tensors]
        try:
            with torch.no_grad():
                for t, new in zip(tensors, _pieces(vector, tensors, torch), strict=True):
                    t.copy_(new)
            total = [_scalar(one(), torch) for one in losses]
            if not derivative:
                return sum(t.item() for t in total) / len(losses)
            out = np.zeros(size)
            for value in total:
                found = torch.autograd.grad(value, tensors, allow_unused=True)
                if all(g is None for g in found):
                    raise ValueError("loss depends on none of the parameters, allowed: tensors that are in its graph")
                out += _joined(
                    [torch.zeros_like(t) if g is None else g for g, t in zip(found, tensors, strict=True)], torch
                )
            return out / len(losses)
        finally:
            with torch.no_grad():
                for t, old in zip(tensors, before, strict=True):
                    t.copy_(old)

    return lambda x: at(x, False), lambda x: at(x, True), _joined(tensors, torch)


def _jax_parts(loss: Any, parameters: Any) -> tuple[Any, Any, Any, tuple[tuple[str, int], ...]]:
    """(jax, the flat parameters, loss of a flat vector, blocks)."""
    jax = need("jax", "jax", "a Hessian of JAX")
    flatten = need("jax.flatten_util", "jax", "a Hessian of JAX")
    if not callable(loss):
        raise TypeError(f"loss is a {type(loss).__name__}, allowed: a function of the parameters")
    leaves = jax.tree_util.tree_flatten_with_path(parameters)[0]
    if not leaves:
        raise ValueError("parameters holds no arrays, allowed: at least one")
    for path, leaf in leaves:
        if isinstance(leaf, (str, bytes)):
            raise TypeError(f"parameters{jax.tree_util.keystr(path)} is {leaf!r:.40}, allowed: arrays of floats")
        if not jax.numpy.issubdtype(jax.numpy.result_type(leaf), jax.numpy.floating):
            where = jax.tree_util.keystr(path)
            raise TypeError(f"parameters{where} has dtype {jax.numpy.result_type(leaf)}, allowed: arrays of floats")
    flat, rebuild = flatten.ravel_pytree(parameters)
    if flat.size == 0:
        raise ValueError("parameters has 0 elements, allowed: at least one")
    shape = jax.eval_shape(loss, parameters)
    if getattr(shape, "shape", None) != ():
        raise ValueError(f"loss returned {shape}, allowed: one number, of shape ()")
    if jax.numpy.issubdtype(shape.dtype, jax.numpy.complexfloating):
        raise TypeError(f"loss returned dtype {shape.dtype}, allowed: a real number")
    blocks = tuple((jax.tree_util.keystr(path) or "0", math.prod(jax.numpy.shape(leaf))) for path, leaf in leaves)
    return jax, flat, lambda x: loss(rebuild(x)), blocks


def jax_hvp(loss: Callable[[Any], Any], parameters: Any) -> Operator:
    """The Hessian of a loss of JAX at some parameters, as an :class:`Operator` over all their elements in the order of
    ``jax.flatten_util.ravel_pytree``; ``blocks`` has the leaves' paths and lengths.

    loss: of parameters alike, a scalar; it is compiled once. parameters: a pytree of arrays of floats. Products are
    forward over reverse, in the parameters' dtype: float64 needs jax_enable_x64.
    """
    jax, flat, flat_loss, blocks = _jax_parts(loss, parameters)
    gradient = jax.grad(flat_loss)
    product = jax.jit(lambda v: jax.jvp(gradient, (flat,), (v,))[1])

    def multiply(x: np.ndarray) -> np.ndarray:
        return np.asarray(product(jax.numpy.asarray(x, dtype=flat.dtype)), dtype=np.float64)

    return Operator(multiply, int(flat.size), "JAX Hessian", blocks)


def jax_loss(
    loss: Callable[[Any], Any], parameters: Any
) -> tuple[Callable[[np.ndarray], float], Callable[[np.ndarray], np.ndarray], np.ndarray]:
    """(value, gradient, point) of a loss of JAX as functions of one float64 vector, for :func:`epsilon_sharpness`,
    :func:`sam`, :func:`asam` and the slices. Arguments as of :func:`jax_hvp`."""
    jax, flat, flat_loss, _ = _jax_parts(loss, parameters)
    value, gradient = jax.jit(flat_loss), jax.jit(jax.grad(flat_loss))

    def cast(x: Any) -> Any:
        vector = finite_array("x", x).reshape(-1)
        if vector.size != flat.size:
            raise ValueError(f"x has {vector.size} elements, allowed: {flat.size}, as the parameters have")
        return jax.numpy.asarray(vector, dtype=flat.dtype)

    return (
        lambda x: float(value(cast(x))),
        lambda x: np.asarray(gradient(cast(x)), dtype=np.float64),
        np.asarray(flat, dtype=np.float64),
    )
