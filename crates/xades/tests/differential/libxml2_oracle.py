"""Canonicalizes what it is sent by libxml2's own C functions, and by lxml, which carries another version of libxml2.

One request on standard input, little-endian: the document's length and bytes, the number of jobs, and per job the engine
(0 the system's libxml2, 1 lxml), the mode (0 inclusive 1.0, 1 exclusive, 2 inclusive 1.1), whether comments are kept, and
three lists of words: the prefix list, and the indexes (in document order, -1 is the document) of the elements whose
subtrees are taken in and left out. One answer per job: a length and the bytes; 0xffffffff where the document is refused,
0xfffffffe where only its canonical form is.
"""

import ctypes
import ctypes.util
import io
import struct
import sys

from lxml import etree

lib = ctypes.CDLL(ctypes.util.find_library("xml2") or "libxml2.so.2")
pointer = ctypes.c_void_p
lib.xmlReadMemory.restype = pointer
lib.xmlReadMemory.argtypes = [ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_int]
lib.xmlFreeDoc.argtypes = [pointer]
lib.xmlXPathNewContext.restype = pointer
lib.xmlXPathNewContext.argtypes = [pointer]
lib.xmlXPathFreeContext.argtypes = [pointer]
lib.xmlXPathEvalExpression.restype = pointer
lib.xmlXPathEvalExpression.argtypes = [ctypes.c_char_p, pointer]
lib.xmlXPathFreeObject.argtypes = [pointer]
lib.xmlXPathDifference.restype = pointer
lib.xmlXPathDifference.argtypes = [pointer, pointer]
lib.xmlC14NDocDumpMemory.argtypes = [
    pointer, pointer, ctypes.c_int, ctypes.POINTER(ctypes.c_char_p), ctypes.c_int, ctypes.POINTER(pointer)]
release = ctypes.CFUNCTYPE(None, pointer)(pointer.in_dll(lib, "xmlFree").value)

NO_NETWORK_QUIET = 2048 | 64 | 32


def axes(index):
    start = "/" if index < 0 else "(//*)[%d]" % (index + 1)
    below = start + ("/descendant-or-self::node()" if index >= 0 else "/descendant-or-self::node()")
    return "%s | %s/@* | %s/namespace::*" % (below, below, below)


def node_set(context, indexes, objects):
    found = lib.xmlXPathEvalExpression(" | ".join(map(axes, indexes)).encode(), context)
    objects.append(found)
    return ctypes.cast(found + 8, ctypes.POINTER(pointer)).contents.value


def by_libxml2(document, context, mode, comments, prefixes, apexes, without):
    objects = []
    nodes = None
    if apexes != [-1] or without:
        nodes = node_set(context, apexes, objects)
        if without:
            nodes = lib.xmlXPathDifference(nodes, node_set(context, without, objects))
        if nodes is None:
            return b""
    listed = (ctypes.c_char_p * (len(prefixes) + 1))(*[p.encode() for p in prefixes], None)
    result = pointer()
    length = lib.xmlC14NDocDumpMemory(document, nodes, mode, listed, comments, ctypes.byref(result))
    answer = ctypes.string_at(result, length) if length >= 0 else None
    if result:
        release(result)
    for found in objects:
        lib.xmlXPathFreeObject(found)
    return answer


def by_lxml(tree, mode, comments, prefixes):
    out = io.BytesIO()
    tree.write_c14n(out, exclusive=mode == 1, with_comments=bool(comments),
                    inclusive_ns_prefixes=prefixes if mode == 1 else None)
    return out.getvalue()


def main():
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    word = lambda: struct.unpack("<i", source.read(4))[0]
    sink.write(struct.pack("<i", len(etree.LIBXML_VERSION)))
    while head := source.read(4):
        text = source.read(struct.unpack("<i", head)[0])
        document = lib.xmlReadMemory(text, len(text), None, b"UTF-8", NO_NETWORK_QUIET)
        context = lib.xmlXPathNewContext(document) if document else None
        tree = None
        for _ in range(word()):
            engine, mode, comments = word(), word(), word()
            prefixes = [source.read(word()).decode() for _ in range(word())]
            apexes = [word() for _ in range(word())]
            without = [word() for _ in range(word())]
            if engine == 1:
                tree = tree or etree.fromstring(text).getroottree()
                answer = by_lxml(tree, mode, comments, prefixes)
            elif document:
                answer = by_libxml2(document, context, mode, comments, prefixes, apexes, without)
            else:
                answer = None
            refusal = 0xFFFFFFFE if document else 0xFFFFFFFF
            sink.write(struct.pack("<I", refusal if answer is None else len(answer)) + (answer or b""))
        if document:
            lib.xmlXPathFreeContext(context)
            lib.xmlFreeDoc(document)
        sink.flush()


main()
