"""What an object keeps: every text that can be reached from it."""

import gc
from collections.abc import Iterator
from types import BuiltinFunctionType, CodeType, FrameType, FunctionType, MethodType, ModuleType

# Where code leads to, everything is: its globals are no state of an object.
_CODE = (ModuleType, FunctionType, BuiltinFunctionType, CodeType, FrameType, type)


def texts(root: object) -> Iterator[bytes]:
    """Yield every text and every run of bytes that can be reached from `root` without going through code."""
    seen: set[int] = set()
    waiting = [root]
    keep: list[object] = []  # so that no id is given twice
    while waiting:
        each = waiting.pop()
        if id(each) in seen or isinstance(each, _CODE):
            continue
        seen.add(id(each))
        keep.append(each)
        if isinstance(each, str):
            yield each.encode("utf-8", "surrogatepass")
        elif isinstance(each, bytes | bytearray | memoryview):
            yield bytes(each)
        elif isinstance(each, MethodType):
            waiting += (each.__self__, *_cells(each))
        elif isinstance(each, dict):
            waiting += (*each.keys(), *each.values())  # the garbage collector leaves keys out that are texts
        else:
            waiting += gc.get_referents(each)


def _cells(method: MethodType) -> Iterator[object]:
    for cell in method.__func__.__closure__ or ():
        yield cell.cell_contents
