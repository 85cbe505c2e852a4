"""pyHanko over signatures with their evidence: reads cases as JSON from the file named, prints a JSON object of
verdicts by name.

Of each case: what a path validation says ("path") and what the signature ends in ("verdict"), as far as pyHanko takes
a plain CMS. It has the processes of EN 319 102-1 5.3 and 5.5 for it and the past signature validation of 5.6.2.4; the
proofs of existence (5.6.2.3) it collects from PDF alone, so they are collected here, each by a token that pyHanko
finds valid.
"""

import asyncio
import base64
import hashlib
import json
import logging
import sys
from datetime import datetime, timedelta, timezone

from asn1crypto import cms, ocsp, x509
from pyhanko.sign.ades.report import AdESIndeterminate, AdESPassed, AdESStatus
from pyhanko.sign.validation import ades, generic_cms
from pyhanko.sign.validation.policy_decl import (
    LocalKnowledge,
    RevinfoOnlineFetchingRule,
    RevocationInfoGatheringSpec,
    SignatureValidationSpec,
    bootstrap_validation_data_handlers,
)
from pyhanko.sign.validation.settings import KeyUsageConstraints
from pyhanko.sign.validation.utils import CMSAlgorithmUsagePolicy
from pyhanko_certvalidator import CertificateValidator, validate
from pyhanko_certvalidator.context import CertValidationPolicySpec, ValidationContext
from pyhanko_certvalidator.ltv import ades_past
from pyhanko_certvalidator.ltv.poe import POEManager, POEType
from pyhanko_certvalidator.ltv.types import ValidationTimingInfo
from pyhanko_certvalidator.policy_decl import (
    AlgorithmUsageConstraint,
    CertRevTrustPolicy,
    RevocationCheckingPolicy,
)
from pyhanko_certvalidator.registry import SimpleTrustManager
from pyhanko_certvalidator.revinfo.archival import (
    process_legacy_crl_input,
    process_legacy_ocsp_input,
)

ARCHIVE_V3 = "0.4.0.1733.2.4"
DIGESTS = {"sha256": "SHA-256", "sha512": "SHA-512"}
NO_SKEW = timedelta(0)
REQUIRE = RevocationCheckingPolicy.from_legacy("require")
# Where 5.6 goes on with past signature validation.
CURABLE = {
    AdESIndeterminate.REVOKED_NO_POE,
    AdESIndeterminate.REVOKED_CA_NO_POE,
    AdESIndeterminate.OUT_OF_BOUNDS_NO_POE,
    AdESIndeterminate.OUT_OF_BOUNDS_NOT_REVOKED,
    AdESIndeterminate.CRYPTO_CONSTRAINTS_FAILURE_NO_POE,
    AdESIndeterminate.REVOCATION_OUT_OF_BOUNDS_NO_POE,
    AdESIndeterminate.TRY_LATER,
}


def der(text):
    return base64.b64decode(text)


def moment(seconds):
    return datetime.fromtimestamp(seconds, timezone.utc)


def past_validate_from(at):
    """pyHanko would slide from the clock of today; 5.6.2.2.4 slides from the validation time."""

    async def past_validate(**arguments):
        return await ades_past.past_validate(**{**arguments, "init_control_time": at})

    return past_validate


def ocsp_response(basic):
    """A BasicOCSPResponse in its envelope (RFC 6960 4.2.1)."""
    basic = ocsp.BasicOCSPResponse.load(basic)
    body = {"response_type": "basic_ocsp_response", "response": basic}
    envelope = {"response_status": "successful", "response_bytes": body}
    return ocsp.OCSPResponse(envelope).dump()


class Suites(CMSAlgorithmUsagePolicy):
    """Everything is allowed but some algorithms after a time, or ever."""

    def __init__(self, lapses):
        self.lapses = {one["algorithm"]: one["until"] for one in lapses}

    def judge(self, name, at):
        if name not in self.lapses:
            return AlgorithmUsageConstraint(True)
        if self.lapses[name] is None:
            return AlgorithmUsageConstraint(False)
        until = moment(self.lapses[name])
        lapsed = at is not None and at > until
        return AlgorithmUsageConstraint(not lapsed, not_allowed_after=until)

    def digest_algorithm_allowed(self, algo, moment):
        return self.judge(DIGESTS.get(algo["algorithm"].native), moment)

    def signature_algorithm_allowed(self, algo, moment, public_key):
        digest = self.judge(DIGESTS.get(algo.hash_algo), moment)
        curve = self.judge("P-256", moment)
        return curve if digest else digest


class Case:
    def __init__(self, data):
        self.at = moment(data["at"])
        ades.past_validate = past_validate_from(self.at)
        self.anchors = [x509.Certificate.load(der(one)) for one in data["anchors"]]
        self.signer = x509.Certificate.load(der(data["signer"]))
        self.crls = [der(one) for one in data["crls"]]
        self.ocsps = [ocsp_response(der(one)) for one in data["ocsps"]]
        self.digest = hashlib.sha256(der(data["content"])).digest()
        self.signed = cms.ContentInfo.load(der(data["signature"]))["content"]
        self.certs = [x509.Certificate.load(der(one)) for one in data["certificates"]]
        certs = LocalKnowledge(
            known_ocsps=process_legacy_ocsp_input(self.ocsps),
            known_crls=process_legacy_crl_input(self.crls),
            known_certs=self.certs,
        )
        suites = Suites(data["lapses"])
        usage = KeyUsageConstraints(
            key_usage={"digital_signature", "non_repudiation"}, match_all_key_usages=False
        )
        # pyHanko would demand the extension; without it every use is allowed (RFC 5280 4.2.1.3).
        if self.signer.key_usage_value is None:
            usage = KeyUsageConstraints()
        policy = CertValidationPolicySpec(
            trust_manager=SimpleTrustManager.build(trust_roots=self.anchors),
            revinfo_policy=CertRevTrustPolicy(REQUIRE),
            time_tolerance=NO_SKEW,
            algorithm_usage_policy=suites,
        )
        self.spec = SignatureValidationSpec(
            cert_validation_policy=policy,
            revinfo_gathering_policy=RevocationInfoGatheringSpec(
                online_fetching_rule=RevinfoOnlineFetchingRule.LOCAL_ONLY
            ),
            local_knowledge=certs,
            key_usage_settings=usage,
            signature_algorithm_policy=suites,
        )
        self.timing = ValidationTimingInfo(
            validation_time=self.at, best_signature_time=self.at, point_in_time_validation=True
        )

    def handlers(self, poes=None):
        poes = POEManager(current_dt_override=self.at) if poes is None else poes
        return bootstrap_validation_data_handlers(
            self.spec, timing_info=self.timing, poe_manager_override=poes
        )

    async def path(self):
        context = ValidationContext(
            trust_roots=self.anchors,
            other_certs=self.certs,
            moment=self.at,
            allow_fetching=False,
            crls=self.crls,
            ocsps=self.ocsps,
            revinfo_policy=CertRevTrustPolicy(REQUIRE),
            time_tolerance=NO_SKEW,
        )
        try:
            await CertificateValidator(
                self.signer, validation_context=context
            ).async_validate_path()
            return "ok"
        except Exception as error:
            return type(error).__name__

    def tokens(self):
        """(signed data, imprint known or None, what a proof by it covers), newest first."""
        info = self.signed["signer_infos"][0]
        imprint = generic_cms.message_imprint_checker(info)
        found = []
        for attribute in info["unsigned_attrs"] or ():
            kind = attribute["type"]
            for value in attribute["values"]:
                if kind.native == "signature_time_stamp_token":
                    found.append((value["content"], imprint, False))
                elif kind.dotted == ARCHIVE_V3:
                    value = cms.ContentInfo.load(value.dump())
                    found.append((value["content"], None, True))
        found = [
            (token, token["encap_content_info"]["content"].parsed, check, whole)
            for token, check, whole in found
        ]
        return sorted(found, key=lambda one: one[1]["gen_time"].native, reverse=True)

    async def proofs(self):
        """5.6.2.3 from the tokens, newest first; each may be saved by the proofs of the newer ones (5.6.3)."""
        poes = POEManager(current_dt_override=self.at)
        for token, info, check, whole in self.tokens():
            said = info["message_imprint"]["hashed_message"].native
            # Of an archive time-stamp pyHanko computes no imprint; kyso's own tests hold it.
            check = check or (lambda _algorithm, said=said: said)
            outcome = await ades.ades_timestamp_validation(
                token, self.spec, check, timing_info=self.timing,
                validation_data_handlers=self.handlers(poes.__copy__()),
            )
            verdict = outcome.ades_subindic
            if verdict in CURABLE:
                verdict = await ades.ades_past_signature_validation(
                    token, self.spec, poes.__copy__(), verdict, init_control_time=self.at
                )
            if verdict != AdESPassed.OK:
                continue
            time = info["gen_time"].native
            covered = [self.signed["signer_infos"][0]["signature"].native]
            if whole:
                covered += self.covered(time)
            for one in covered:
                poes.register(one, POEType.VALIDATION, dt=time)
        return poes

    def covered(self, time):
        """What an archive time-stamp of that time covers: all that the signature carries and that is older."""
        out = [one.dump() for one in (self.certs + self.anchors + [self.signer])]
        info = self.signed["signer_infos"][0]
        # The evidence inside; lists in SignedData.crls stand among the hash index of every later token.
        for one in self.signed["crls"] or ():
            out.append(one.dump())
            out.append(one.chosen.dump())
        for token, tst, _, _ in self.tokens():
            if tst["gen_time"].native < time:
                out.append(token["signer_infos"][0]["signature"].native)
                out += [one.chosen.dump() for one in token["certificates"]]
        return out

    async def verdict(self):
        handlers = self.handlers()
        stamped = any(check for _, _, check, _ in self.tokens())
        judge = ades.ades_with_time_validation if stamped else ades.ades_basic_validation
        outcome = await judge(
            self.signed, self.spec, timing_info=self.timing, raw_digest=self.digest,
            validation_data_handlers=handlers,
        )
        verdict = outcome.ades_subindic
        if self.tokens() and verdict.status == AdESStatus.INDETERMINATE:
            basic = await ades.ades_basic_validation(
                self.signed, self.spec, timing_info=self.timing, raw_digest=self.digest,
                validation_data_handlers=self.handlers(),
            )
            if basic.ades_subindic in CURABLE:
                poes = await self.proofs()
                past = await ades.ades_past_signature_validation(
                    self.signed, self.spec, poes, basic.ades_subindic, init_control_time=self.at
                )
                # 5.6.2.4.4: what does not improve stays; pyHanko gives the inner block's NO_POE instead.
                if past == AdESPassed.OK:
                    verdict = past
                elif verdict.status != AdESStatus.FAILED:
                    verdict = basic.ades_subindic
        if verdict == AdESPassed.OK:
            return "TOTAL-PASSED"
        main = {"FAILED": "TOTAL-FAILED"}.get(verdict.status.name, verdict.status.name)
        return f"{main} ({verdict.standard_name})"


async def main():
    # pyHanko looks at responses only where the certificate names a responder; these came another way.
    validate.get_declared_revinfo = lambda _certificate: (True, True)
    logging.disable(logging.CRITICAL)
    with open(sys.argv[1], encoding="utf-8") as file:
        cases = json.load(file)
    verdicts = {}
    for data in cases:
        case = Case(data)
        try:
            verdict = await case.verdict()
        except Exception as error:
            verdict = f"raised {type(error).__name__}: {error}"
        verdicts[data["name"]] = {"path": await case.path(), "verdict": verdict}
    json.dump(verdicts, sys.stdout)


asyncio.run(main())
