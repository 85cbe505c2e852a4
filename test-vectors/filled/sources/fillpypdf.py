import sys
from pypdf import PdfReader,PdfWriter
src,dst,*pairs=sys.argv[1:]
v=dict(p.split('=',1) for p in pairs)
w=PdfWriter(src,incremental=True)
w.update_page_form_field_values(w.pages[0],v,auto_regenerate=False)
w.write(dst)
