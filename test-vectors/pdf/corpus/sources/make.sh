#!/bin/sh
# Makes the originals anew; kept to say exactly how they came about. Run in this folder.
set -eu
out=${1:-..}; work=$(mktemp -d)
soffice --headless --convert-to 'pdf:writer_web_pdf_Export:{"SelectPdfVersion":{"type":"long","value":"2"}}' --outdir "$work" bien-ban.html
mv "$work/bien-ban.pdf" "$out/libreoffice-pdfa.pdf"
soffice --headless --convert-to pdf:writer_web_pdf_Export --outdir "$work" phieu.html
mv "$work/phieu.pdf" "$out/libreoffice-phieu.pdf"
chromium --headless --no-sandbox --no-pdf-header-footer --print-to-pdf="$out/chromium-thong-bao.pdf" thong-bao.html
/usr/bin/python3 ban-ve.py "$out/cairo-ban-ve.pdf"
pdflatex -output-directory "$work" don.tex; pdflatex -output-directory "$work" don.tex
mv "$work/don.pdf" "$out/latex-don.pdf"
groff -Tpdf -Kutf8 -ms giay-moi.groff > "$out/groff-giay-moi.pdf"
groff -Tpdf -t -P-l -P-pa5 bang.groff > "$out/groff-bang.pdf"
gs -q -sDEVICE=pdfwrite -o "$out/ghostscript-quay.pdf" quay.ps
"${PYTHON:-python3}" mau-don.py "$out/reportlab-mau-don.pdf"
"${PYTHON:-python3}" bao-cao.py "$out/reportlab-bao-cao.pdf"
"${PYTHON:-python3}" dung.py "$out"
rm -r "$work"
