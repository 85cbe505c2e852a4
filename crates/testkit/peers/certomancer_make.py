"""certomancer makes one thing: certomancer_make.py KEYS KIND LABEL [TIME] < request > DER.

KEYS is the folder of the keys; KIND is certificate, crl, ocsp or time-stamp; TIME is in Unix seconds.
"""

import sys
from datetime import datetime, timezone
from pathlib import Path

from asn1crypto import ocsp, tsp
from certomancer.registry import ArchLabel, CertLabel, CertomancerConfig, ServiceLabel

keys, kind, label, *time = sys.argv[1:]
config = CertomancerConfig.from_file(
    str(Path(__file__).with_name("certomancer.yml")), key_search_dir=keys, config_search_dir=keys
)
architecture = config.get_pki_arch(ArchLabel("kyso"))
services = architecture.service_registry
moment = datetime.fromtimestamp(int(time[0]), tz=timezone.utc) if time else None
request = sys.stdin.buffer.read()
match kind:
    case "certificate":
        made = architecture.get_cert(CertLabel(label))
    case "crl":
        made = services.get_crl(ServiceLabel(label), at_time=moment)
    case "ocsp":
        responder = services.summon_responder(ServiceLabel(label), at_time=moment)
        made = responder.build_ocsp_response(ocsp.OCSPRequest.load(request))
    case "time-stamp":
        authority = services.summon_timestamper(ServiceLabel(label), at_time=moment)
        made = authority.request_tsa_response(tsp.TimeStampReq.load(request))
    case _:
        sys.exit(f"no such kind: {kind}")
sys.stdout.buffer.write(made.dump())
