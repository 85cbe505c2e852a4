import sys,ctypes
import pypdfium2 as pdfium, pypdfium2.raw as r
src,dst,*pairs=sys.argv[1:]
v=dict(p.split('=',1) for p in pairs)
d=pdfium.PdfDocument(src); d.init_forms(); env=d.formenv.raw
page=d[0]; 
h=page.get_height()
for i in range(r.FPDFPage_GetAnnotCount(page.raw)):
    a=r.FPDFPage_GetAnnot(page.raw,i)
    n=r.FPDFAnnot_GetFormFieldName(env,a,None,0)
    buf=ctypes.create_string_buffer(n); r.FPDFAnnot_GetFormFieldName(env,a,ctypes.cast(buf,ctypes.POINTER(ctypes.c_ushort)),n)
    name=buf.raw.decode('utf-16le').rstrip('\0')
    if name not in v: continue
    rect=r.FS_RECTF(); r.FPDFAnnot_GetRect(a,rect)
    x,y=(rect.left+rect.right)/2,(rect.top+rect.bottom)/2
    t=r.FPDFAnnot_GetFormFieldType(env,a)
    if t in (r.FPDF_FORMFIELD_CHECKBOX,r.FPDF_FORMFIELD_RADIOBUTTON):
        n=r.FPDFAnnot_GetFormFieldExportValue(env,a,None,0)
        buf=ctypes.create_string_buffer(n); r.FPDFAnnot_GetFormFieldExportValue(env,a,ctypes.cast(buf,ctypes.POINTER(ctypes.c_ushort)),n)
        ev=buf.raw.decode('utf-16le').rstrip('\0')
        if t==r.FPDF_FORMFIELD_RADIOBUTTON and ev!=v[name]: continue
        r.FORM_OnLButtonDown(env,page.raw,0,x,y); r.FORM_OnLButtonUp(env,page.raw,0,x,y)
    elif t==r.FPDF_FORMFIELD_TEXTFIELD:
        r.FORM_OnLButtonDown(env,page.raw,0,x,y); r.FORM_OnLButtonUp(env,page.raw,0,x,y)
        r.FORM_SelectAllText(env,page.raw)
        s=(v[name]+'\0').encode('utf-16le'); b=ctypes.create_string_buffer(s,len(s))
        r.FORM_ReplaceSelection(env,page.raw,ctypes.cast(b,ctypes.POINTER(ctypes.c_ushort)))
        r.FORM_ForceToKillFocus(env)
    elif t in (r.FPDF_FORMFIELD_COMBOBOX,r.FPDF_FORMFIELD_LISTBOX):
        r.FORM_OnFocus(env,page.raw,0,x,y) if hasattr(r,'FORM_OnFocus') else None
        r.FORM_OnLButtonDown(env,page.raw,0,rect.left+3,y); r.FORM_OnLButtonUp(env,page.raw,0,rect.left+3,y)
        r.FORM_SetIndexSelected(env,page.raw,int(v[name]),1)
        r.FORM_ForceToKillFocus(env)
d.save(dst,flags=r.FPDF_INCREMENTAL)
