"""A report by reportlab's Platypus: a table over two pages, a link."""
import sys
from reportlab.lib.pagesizes import A5
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import PageBreak, Paragraph, SimpleDocTemplate, Table
pdfmetrics.registerFont(TTFont("Serif", "/usr/share/fonts/truetype/liberation2/LiberationSerif-Regular.ttf"))
style = getSampleStyleSheet()["Normal"]
style.fontName = "Serif"
rows = [[Paragraph(text, style) for text in ("Thôn", "Số hộ")]] + [["%d" % n, "%d" % (n * 7)] for n in range(30)]
SimpleDocTemplate(sys.argv[1], pagesize=A5, title="Báo cáo quý", invariant=1).build(
    [Paragraph('Báo cáo <a href="https://example.vn/" color="blue">quý hai</a>', style), Table(rows), PageBreak(),
     Paragraph("Kết luận", style)])
