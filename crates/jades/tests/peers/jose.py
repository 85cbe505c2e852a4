"""jwcrypto for the tests: a JSON array of requests on standard input, a JSON array of answers on standard output."""

import base64
import json
import sys

from jwcrypto import jwk, jws
from jwcrypto.common import JWSEHeaderParameter, base64url_decode, base64url_encode

# What TS 119 182-1 puts into crit; jwcrypto only has to let it pass.
REGISTRY = {"sigD": JWSEHeaderParameter("Signed data", True, True, lambda _: True)}


def sign(request, key):
    """Gives the signature, in the serialization that was asked for."""
    payload = base64url_decode(request["payload"])
    unencoded = json.loads(request["protected"]).get("b64") is False
    token = jws.JWS(payload.decode() if unencoded else payload, header_registry=REGISTRY)
    token.add_signature(key, None, request["protected"], None)
    if request["detached"]:
        token.detach_payload()
    return token.serialize(request["compact"])


def verify(request, key):
    """Gives the payload in base64url, or fails."""
    token = jws.JWS(header_registry=REGISTRY)
    token.deserialize(request["jws"])
    detached = request["payload"]
    if detached is None:
        token.verify(key, request["alg"])
        payload = token.payload
    else:
        payload = base64url_decode(detached)
        token.verify(key, request["alg"], detached_payload=payload)
    return base64url_encode(payload)


def canonical(bundle):
    """The canonical form `#document`, for bundles whose numbers and names Python writes as RFC 8785 does."""
    covered = {name: value for name, value in bundle.items() if name not in ("id", "meta", "signature")}
    return json.dumps(covered, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def verify_bundle(request, key):
    """Verifies Bundle.signature, or fails."""
    bundle = json.loads(request["bundle"])
    token = jws.JWS(header_registry=REGISTRY)
    token.deserialize(base64.b64decode(bundle["signature"]["data"]).decode())
    token.verify(key, request["alg"], detached_payload=canonical(bundle))
    return bundle["signature"]["when"]


def sign_bundle(request, key):
    """Gives the bundle with a signature."""
    bundle = json.loads(request["bundle"])
    token = jws.JWS(canonical(bundle))
    token.add_signature(key, None, request["protected"], None)
    token.detach_payload()
    data = base64.b64encode(token.serialize(True).encode()).decode()
    bundle["signature"] = {**request["signature"], "data": data}
    return json.dumps(bundle, indent=2)


DO = {"sign": sign, "verify": verify, "sign-bundle": sign_bundle, "verify-bundle": verify_bundle}


def answer(request):
    """Does one request."""
    with open(request["key"], "rb") as file:
        key = jwk.JWK.from_pem(file.read())
    return DO[request["do"]](request, key)


json.dump([answer(request) for request in json.load(sys.stdin)], sys.stdout)
