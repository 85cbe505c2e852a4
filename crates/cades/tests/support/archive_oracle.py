"""Recomputes each archive-time-stamp-v3 of a CAdES signature by EN 319 122-1 5.5.2 and 5.5.3, with asn1crypto.

Arguments: the signature and its content. Prints one line for each archive time-stamp, and verifies with pyHanko every
signer and every token. Any difference is an error.
"""

import hashlib
import sys

from asn1crypto import cms, core, tsp  # noqa: F401 (tsp registers TSTInfo)
from pyhanko.sign.validation.generic_cms import validate_sig_integrity


class Digests(core.SequenceOf):
    _child_spec = core.OctetString


class Index(core.Sequence):
    _fields = [
        ("algorithm", cms.DigestAlgorithm),
        ("certificates", Digests),
        ("crls", Digests),
        ("attributes", Digests),
    ]


def check_signature(signed_data, signer, content):
    serial = signer["sid"].chosen["serial_number"].native
    (certificate,) = [
        one.chosen for one in signed_data["certificates"] if one.chosen.serial_number == serial
    ]
    digest = hashlib.new(signer["digest_algorithm"]["algorithm"].native, content).digest()
    intact, valid = validate_sig_integrity(
        signer, certificate, signed_data["encap_content_info"]["content_type"].native, digest
    )
    assert intact and valid


signed_data = cms.ContentInfo.load(open(sys.argv[1], "rb").read())["content"]
content = open(sys.argv[2], "rb").read()
for signer in signed_data["signer_infos"]:
    check_signature(signed_data, signer, content)
    for attribute in signer["unsigned_attrs"]:
        if attribute["type"].dotted != "0.4.0.1733.2.4":
            continue
        (value,) = attribute["values"]
        token = cms.ContentInfo.load(value.dump())["content"]
        (token_signer,) = token["signer_infos"]
        check_signature(token, token_signer, bytes(token["encap_content_info"]["content"]))
        info = token["encap_content_info"]["content"].parsed
        imprint = info["message_imprint"]
        algorithm = imprint["hash_algorithm"]["algorithm"].native
        (index_der,) = [
            one["values"][0].dump()
            for one in token_signer["unsigned_attrs"]
            if one["type"].dotted == "0.4.0.19122.1.5"
        ]
        index = Index.load(index_der)

        def digest(octets):
            return hashlib.new(algorithm, octets).digest()

        present = {
            "certificates": {digest(one.dump()) for one in signed_data["certificates"]},
            "crls": {digest(one.dump()) for one in signed_data["crls"]},
            "attributes": {
                digest(one["type"].dump() + each.dump())
                for one in signer["unsigned_attrs"]
                for each in one["values"]
            },
        }
        for name, digests in present.items():
            assert {each.native for each in index[name]} <= digests, name
        fields = ("version", "sid", "digest_algorithm", "signed_attrs", "signature_algorithm", "signature")
        whole = signed_data["encap_content_info"]["content_type"].dump() + digest(content)
        whole += b"".join(signer[name].dump() for name in fields) + index_der
        assert digest(whole) == imprint["hashed_message"].native
        print(algorithm, [len(index[name]) for name in present])
