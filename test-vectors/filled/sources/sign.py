import sys, pikepdf, datetime
from pyhanko.sign import signers, fields
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import MDPPerm
from cryptography import x509
from cryptography.x509.oid import NameOID
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives import hashes, serialization
from pyhanko_certvalidator.registry import SimpleCertificateStore
from asn1crypto import x509 as ax, keys as ak
k=ec.generate_private_key(ec.SECP256R1())
n=x509.Name([x509.NameAttribute(NameOID.COMMON_NAME,'Form author')])
c=x509.CertificateBuilder().subject_name(n).issuer_name(n).public_key(k.public_key()).serial_number(1).not_valid_before(datetime.datetime(2026,1,1)).not_valid_after(datetime.datetime(2030,1,1)).sign(k,hashes.SHA256())
s=signers.SimpleSigner(signing_cert=ax.Certificate.load(c.public_bytes(serialization.Encoding.DER)),signing_key=ak.PrivateKeyInfo.load(k.private_bytes(serialization.Encoding.DER,serialization.PrivateFormat.PKCS8,serialization.NoEncryption())),cert_registry=SimpleCertificateStore())
src,dst,p=sys.argv[1:4]
w=IncrementalPdfFileWriter(open(src,'rb'))
out=signers.sign_pdf(w,signers.PdfSignatureMetadata(field_name='Author',certify=True,docmdp_permissions={2:MDPPerm.FILL_FORMS,3:MDPPerm.ANNOTATE}[int(p)],subfilter=fields.SigSeedSubFilter.PADES),signer=s)
open(dst,'wb').write(out.getvalue())
