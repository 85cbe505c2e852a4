import {createCanvas} from './node_modules/@napi-rs/canvas/index.js';
globalThis.OffscreenCanvas=class{constructor(w,h){return createCanvas(w,h)}};
import fs from 'fs';
import * as pdfjs from './node_modules/pdfjs-dist/legacy/build/pdf.mjs';
const [src,dst,...pairs]=process.argv.slice(2);
const doc=await pdfjs.getDocument({data:new Uint8Array(fs.readFileSync(src)),isOffscreenCanvasSupported:true,standardFontDataUrl:'./node_modules/pdfjs-dist/standard_fonts/'}).promise;
const values=Object.fromEntries(pairs.map(p=>{const i=p.indexOf('=');return [p.slice(0,i),p.slice(i+1)]}));
for(let i=1;i<=doc.numPages;i++){const page=await doc.getPage(i);
 for(const a of await page.getAnnotations({intent:'display'})){
  if(a.subtype!=='Widget')continue;
  if(process.env.SHOW)console.log(a.id,a.fieldName,a.fieldType,a.exportValue||a.buttonValue,a.fieldValue,JSON.stringify(a.options));
  if(!(a.fieldName in values))continue; let v=values[a.fieldName];
  if(a.checkBox)v=v==='true'; else if(a.radioButton)v=(a.buttonValue===v); else if(a.fieldType==='Ch') v=v.split('|');
  doc.annotationStorage.setValue(a.id,{value:v});
 }}
fs.writeFileSync(dst,await doc.saveDocument());
process.exit(0)
