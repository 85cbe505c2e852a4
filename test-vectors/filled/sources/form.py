# reportlab: a form with text, multi-line, comb, check box, radio, choice, list
from reportlab.pdfgen import canvas
from reportlab.lib.pagesizes import A4
c=canvas.Canvas('reportlab.pdf',pagesize=A4,invariant=1,pageCompression=1)
c.drawString(72,780,'Request form')
f=c.acroForm
y=740
def row(l):
    global y
    y-=40
    c.drawString(72,y+5,l); return y
f.textfield(name='name',x=160,y=row('Name'),width=300,height=20,borderWidth=0,fontSize=11,forceBorder=False,fontName='Helvetica',value='')
f.textfield(name='sum',x=160,y=row('Sum'),width=300,height=20,borderWidth=1,fontSize=11,fontName='Times-Roman',value='100')
f.textfield(name='remarks',x=160,y=row('Remarks')-40,width=300,height=60,fieldFlags='multiline',fontSize=10,borderWidth=0,value='')
y-=40
f.textfield(name='code',x=160,y=row('Code'),width=200,height=20,fieldFlags='comb',maxlen=10,fontSize=11,borderWidth=0,value='')
f.checkbox(name='agree',x=160,y=row('Agree'),buttonStyle='check',checked=False)
yy=row('Kind')
f.radio(name='kind',value='paper',selected=True,x=160,y=yy,buttonStyle='circle')
f.radio(name='kind',value='mail',selected=False,x=200,y=yy,buttonStyle='circle')
f.choice(name='province',x=160,y=row('Province'),width=200,height=20,options=[('Lam Dong','LD'),('Kon Tum','KT'),('Ha Noi','HN')],value='LD',fontSize=11,borderWidth=0)
f.listbox(name='days',x=160,y=row('Days')-30,width=100,height=50,options=['Mon','Tue','Wed'],value='Mon',fontSize=11,borderWidth=0)
c.save()
