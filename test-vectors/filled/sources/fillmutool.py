import sys,pymupdf,shutil
from pymupdf import mupdf as m
src,dst,*pairs=sys.argv[1:]
v=dict(p.split('=',1) for p in pairs)
shutil.copy(src,dst)
d=pymupdf.open(dst); pdf=pymupdf._as_pdf_document(d)
page=m.pdf_load_page(pdf,0)
w=m.pdf_first_widget(page)
while w.m_internal:
    o=m.pdf_annot_obj(w)
    name=m.pdf_load_field_name(o)
    t=m.pdf_widget_type(w)
    if name in v:
        if t==m.PDF_WIDGET_TYPE_TEXT: m.pdf_set_text_field_value(w,v[name])
        elif t in (m.PDF_WIDGET_TYPE_COMBOBOX,m.PDF_WIDGET_TYPE_LISTBOX): m.pdf_set_choice_field_value(w,v[name])
        elif t==m.PDF_WIDGET_TYPE_CHECKBOX: m.pdf_toggle_widget(w)
        elif t==m.PDF_WIDGET_TYPE_RADIOBUTTON:
            if m.pdf_to_name(m.pdf_button_field_on_state(o))==v[name]: m.pdf_toggle_widget(w)
    w=m.pdf_next_widget(w)
m.pdf_update_page(page)
d.saveIncr()
