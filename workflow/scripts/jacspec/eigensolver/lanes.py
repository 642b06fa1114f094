"""Vectors of LANES numbers for functions that numba compiles: one number of each of LANES matrices.

LLVM does not turn loops over the last axis of numba's arrays into instructions for vectors by
itself. So a vector is a type of its own here, which becomes one of LLVM's, with arithmetic,
comparisons, and the functions below. Every operation is that of IEEE 754 for doubles, and none is
merged with another: the processor does not change a bit of the results.
"""

import operator
from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.typing.templates import ConcreteTemplate, infer_global, signature
from numba.extending import intrinsic, lower_builtin, models, register_model

# Two vectors of AVX-512: one alone spends part of its time waiting for its own square roots.
LANES = 16

_DOUBLES = ir.VectorType(ir.DoubleType(), LANES)
_BITS = ir.VectorType(ir.IntType(1), LANES)


class VectorType(types.Type):
    """LANES doubles."""


class MaskType(types.Type):
    """LANES truth values."""


@register_model(VectorType)
class _VectorModel(models.PrimitiveModel):
    def __init__(self, manager: Any, numba_type: types.Type) -> None:
        super().__init__(manager, numba_type, _DOUBLES)


@register_model(MaskType)
class _MaskModel(models.PrimitiveModel):
    def __init__(self, manager: Any, numba_type: types.Type) -> None:
        super().__init__(manager, numba_type, _BITS)


VECTOR, MASK = VectorType("vector"), MaskType("mask")


def _define(operation: Callable, emit: Callable, result: types.Type, *operands: types.Type) -> None:
    """Have numba compile `operation` of `operands` to what `emit` (builder, *values) returns."""
    cases = [signature(result, *operands)]
    infer_global(operation)(type("Template", (ConcreteTemplate,), {"cases": cases}))
    lower_builtin(operation, *operands)(
        lambda _context, builder, _signature, values: emit(builder, *values)
    )


def _comparison(symbol: str) -> Callable:
    return lambda builder, left, right: builder.fcmp_ordered(symbol, left, right)


_define(operator.add, ir.IRBuilder.fadd, VECTOR, VECTOR, VECTOR)
_define(operator.sub, ir.IRBuilder.fsub, VECTOR, VECTOR, VECTOR)
_define(operator.mul, ir.IRBuilder.fmul, VECTOR, VECTOR, VECTOR)
_define(operator.truediv, ir.IRBuilder.fdiv, VECTOR, VECTOR, VECTOR)
_define(operator.neg, ir.IRBuilder.fneg, VECTOR, VECTOR)
_define(operator.lt, _comparison("<"), MASK, VECTOR, VECTOR)
_define(operator.le, _comparison("<="), MASK, VECTOR, VECTOR)
_define(operator.gt, _comparison(">"), MASK, VECTOR, VECTOR)
_define(operator.ge, _comparison(">="), MASK, VECTOR, VECTOR)
_define(operator.ne, _comparison("!="), MASK, VECTOR, VECTOR)
_define(operator.and_, ir.IRBuilder.and_, MASK, MASK, MASK)
_define(operator.invert, ir.IRBuilder.not_, MASK, MASK)


def _pointer(context: Any, builder: ir.IRBuilder, sig: Any, array: Any, index: Any) -> ir.Value:
    """Return the address of the vector `index` of an array whose last axis are the lanes."""
    array_type, index_type = sig.args[:2]
    indices = cgutils.unpack_tuple(builder, index, index_type.count)
    indices.append(context.get_constant(types.intp, 0))
    array = context.make_array(array_type)(context, builder, array)
    pointer = cgutils.get_item_pointer(context, builder, array_type, array, indices)
    return builder.bitcast(pointer, _DOUBLES.as_pointer())


@intrinsic
def load(_typing, array, index):
    """Return the vector `index`, a tuple, of a contiguous array whose last axis are the lanes."""

    def emit(context, builder, sig, args):
        return builder.load(_pointer(context, builder, sig, *args), align=8)

    return VECTOR(array, index), emit


@intrinsic
def store(_typing, array, index, vector):
    """Make `vector` the vector `index` of an array, which are as `load` has them."""

    def emit(context, builder, sig, args):
        builder.store(args[2], _pointer(context, builder, sig, *args[:2]), align=8)
        return context.get_dummy_value()

    return types.void(array, index, vector), emit


@intrinsic
def splat(_typing, number):
    """Return the vector that has `number`, a float, in each lane."""

    def emit(_context, builder, _sig, args):
        integer = ir.IntType(32)
        first = builder.insert_element(ir.Constant(_DOUBLES, ir.Undefined), args[0], integer(0))
        order = ir.Constant(ir.VectorType(integer, LANES), [0] * LANES)
        return builder.shuffle_vector(first, first, order)

    return VECTOR(number), emit


@intrinsic
def select(_typing, mask, true, false):
    """Return the vector with the numbers of `true` where `mask` holds, of `false` elsewhere."""
    return VECTOR(mask, true, false), lambda _context, builder, _sig, args: builder.select(*args)


def _function_of_llvm(name: str, result: types.Type, llvm_result: ir.Type) -> Callable:
    """Return the function of a vector that LLVM calls `name`."""

    @intrinsic
    def function(_typing, vector):
        def emit(_context, builder, _sig, args):
            function_type = ir.FunctionType(llvm_result, [_DOUBLES])
            full_name = f"llvm.{name}.v{LANES}f64"
            declared = builder.module.declare_intrinsic(full_name, (), function_type)
            return builder.call(declared, args)

        return result(vector), emit

    return function


square_root = _function_of_llvm("sqrt", VECTOR, _DOUBLES)
absolute = _function_of_llvm("fabs", VECTOR, _DOUBLES)
# Of all lanes.
largest = _function_of_llvm("vector.reduce.fmax", types.float64, ir.DoubleType())
smallest = _function_of_llvm("vector.reduce.fmin", types.float64, ir.DoubleType())
