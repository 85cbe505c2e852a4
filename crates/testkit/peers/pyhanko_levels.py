"""Judges PDFs of the levels B-B to B-LTA in one process: reads a JSON object from standard input, prints an array with
one object for each file.

{"roots": PEM file, "moment": Unix seconds, "files": [{"path": …, "level": "B-B" | …, "online": bool}]}. Of each file: what pyHanko's
process of EN 319 102-1 for the level (5.3, 5.5, 5.6.3) ends in for every signature ("verdicts"), with revocation demanded and nothing fetched
but where "online" says so; what its difference policy finds ("levels"); whether document time-stamps are valid
("stamps")."""

import asyncio
import json
import logging
import sys
from dataclasses import replace
from datetime import datetime, timezone
from functools import partial

from pyhanko.keys import load_certs_from_pemder
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.ades.report import AdESPassed
from pyhanko.sign.validation import ades, async_validate_pdf_timestamp
from pyhanko.sign.validation.dss import DocumentSecurityStore
from pyhanko.sign.validation.policy_decl import (
    LocalKnowledge,
    PdfSignatureValidationSpec,
    RevinfoOnlineFetchingRule,
    RevocationInfoGatheringSpec,
    SignatureValidationSpec,
)
from pyhanko.sign.validation.settings import KeyUsageConstraints
from pyhanko_certvalidator.context import CertValidationPolicySpec
from pyhanko_certvalidator.ltv import ades_past
from pyhanko_certvalidator.ltv.poe import POEManager
from pyhanko_certvalidator.ltv.types import ValidationTimingInfo
from pyhanko_certvalidator.policy_decl import CertRevTrustPolicy, RevocationCheckingPolicy
from pyhanko_certvalidator.registry import SimpleTrustManager

PROCESSES = {
    "B-B": ades.ades_basic_validation,
    "B-T": ades.ades_with_time_validation,
    "B-LT": ades.ades_with_time_validation,
    "B-LTA": ades.ades_lta_validation,
}


def set_clock(moment):
    """Of long-term validation pyHanko takes two times from today's clock: where sliding starts (5.6.2.2.4), and since
    when that is known to exist for which nothing proves more; both are the validation time."""
    slide = ades_past.past_validate

    async def past_validate(**arguments):
        return await slide(**{**arguments, "init_control_time": moment})

    ades.past_validate = past_validate
    ades.POEManager = partial(POEManager, current_dt_override=moment)


def spec(roots, online):
    rule = RevinfoOnlineFetchingRule
    return PdfSignatureValidationSpec(
        SignatureValidationSpec(
            cert_validation_policy=CertValidationPolicySpec(
                trust_manager=SimpleTrustManager.build(trust_roots=roots),
                revinfo_policy=CertRevTrustPolicy(RevocationCheckingPolicy.from_legacy("require")),
            ),
            # A list of the anchor itself is found only if the anchor's certificate is known beside being trusted.
            local_knowledge=LocalKnowledge(known_certs=roots),
            revinfo_gathering_policy=RevocationInfoGatheringSpec(
                online_fetching_rule=rule.ALWAYS_FETCH if online else rule.LOCAL_ONLY
            ),
            key_usage_settings=KeyUsageConstraints(
                key_usage={"digital_signature", "non_repudiation"}, match_all_key_usages=False
            ),
        )
    )


async def judge(file, roots, moment):
    timing = ValidationTimingInfo(
        validation_time=moment, best_signature_time=moment, point_in_time_validation=not file["online"]
    )
    said = {"verdicts": [], "levels": [], "stamps": []}
    with open(file["path"], "rb") as handle:
        reader = PdfFileReader(handle)
        if reader.encrypted:
            reader.decrypt("")
        for embedded in reader.embedded_regular_signatures:
            policy = spec(roots, file["online"])
            process = PROCESSES[file["level"]]
            if process is ades.ades_lta_validation:
                outcome = await process(embedded, policy, timing)
            else:
                policy = policy.signature_validation_spec
                if not file["online"]:
                    held = ades._dss_to_local_knowledge(reader)
                    held = replace(held, known_certs=held.known_certs + roots)
                    policy = replace(policy, local_knowledge=held)
                outcome = await process(
                    embedded.signed_data, policy, timing_info=timing, raw_digest=embedded.compute_digest()
                )
            passed = outcome.ades_subindic is AdESPassed.OK
            why = f": {outcome.failure_msg}" if outcome.failure_msg and not passed else ""
            said["verdicts"].append(str(outcome.ades_subindic) + why)
            embedded.compute_integrity_info()
            found = embedded.summarise_integrity_info()
            level = getattr(found["diff_result"], "modification_level", None)
            level = str(found["diff_result"]) if level is None else level.name
            said["levels"].append(level if found["docmdp_ok"] else f"not permitted: {level}")
        if not file["online"]:
            store = DocumentSecurityStore.read_dss(reader)
            for embedded in reader.embedded_timestamp_signatures:
                context = store.as_validation_context({"trust_roots": roots, "moment": moment})
                status = await async_validate_pdf_timestamp(embedded, context)
                said["stamps"].append(status.valid and status.intact and status.trusted)
    return said


async def main():
    logging.disable(logging.CRITICAL)
    task = json.load(sys.stdin)
    roots = list(load_certs_from_pemder([task["roots"]]))
    moment = datetime.fromtimestamp(task["moment"], timezone.utc)
    set_clock(moment)
    said = []
    for file in task["files"]:
        try:
            said.append(await judge(file, roots, moment))
        except Exception as complaint:
            said.append({"error": f"{type(complaint).__name__}: {complaint}"})
    json.dump(said, sys.stdout)


asyncio.run(main())
