"""A form of two pages by reportlab: text fields, a check box, a choice; the second page is landscape."""
import sys
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen import canvas
pdfmetrics.registerFont(TTFont("Serif", "/usr/share/fonts/truetype/liberation2/LiberationSerif-Regular.ttf"))
page = canvas.Canvas(sys.argv[1], pagesize=(595, 842), invariant=1)
page.setTitle("Mẫu đơn đăng ký")
page.setFont("Serif", 14)
page.drawString(72, 770, "Mẫu đơn đăng ký hộ tịch")
form = page.acroForm
form.textfield(name="hoten", tooltip="Ho ten", x=72, y=700, width=200, height=20)
form.checkbox(name="dongy", x=72, y=660, size=16)
form.choice(name="thon", options=["Mot", "Hai"], value="Mot", x=72, y=620, width=100, height=20)
page.showPage()
page.setPageSize((842, 595))
page.setFont("Serif", 14)
page.drawString(72, 500, "Trang ngang")
page.showPage()
page.save()
