import sys,pikepdf
from pikepdf import Name,Dictionary,Array
pdf=pikepdf.open(sys.argv[1])
af=pdf.Root.AcroForm
# the names of fonts that the fields' /DA use
seen={}
for f in af.Fields:
    for k in [f]+list(f.get('/Kids',[])):
        ap=k.get('/AP')
        print(f.get('/T'), f.get('/FT'), f.get('/DA'), f.get('/Ff'), f.get('/V'))
        if ap is not None and isinstance(ap.N,pikepdf.Stream):
            for n,v in ap.N.get('/Resources',{}).get('/Font',{}).items(): seen[n]=v
print(seen.keys())
for n,v in seen.items(): af.DR.Font[n]=v
pdf.save(sys.argv[2],deterministic_id=True,object_stream_mode=pikepdf.ObjectStreamMode.disable)
