"""jwcrypto for the tests: one JSON request on standard input, the answer on standard output."""

import json
import sys

from jwcrypto import jwk, jws
from jwcrypto.common import JWSEHeaderParameter, base64url_decode, base64url_encode

request = json.load(sys.stdin)
with open(request["key"], "rb") as file:
    key = jwk.JWK.from_pem(file.read())
# What TS 119 182-1 puts into crit; jwcrypto only has to let it pass.
registry = {"sigD": JWSEHeaderParameter("Signed data", True, True, lambda _: True)}

if request["do"] == "sign":
    payload = base64url_decode(request["payload"])
    unencoded = json.loads(request["protected"]).get("b64") is False
    token = jws.JWS(payload.decode() if unencoded else payload, header_registry=registry)
    token.add_signature(key, None, request["protected"], None)
    if request["detached"]:
        token.detach_payload()
    sys.stdout.write(token.serialize(request["compact"]))
else:
    token = jws.JWS(header_registry=registry)
    token.deserialize(request["jws"])
    detached = request.get("payload")
    if detached is None:
        token.verify(key, request["alg"])
    else:
        token.verify(key, request["alg"], detached_payload=base64url_decode(detached))
    payload = token.payload if detached is None else base64url_decode(detached)
    if isinstance(payload, str):
        payload = payload.encode()
    sys.stdout.write(base64url_encode(payload))
