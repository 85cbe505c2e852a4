import java.io.BufferedReader;
import java.io.File;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.List;
import javax.xml.crypto.KeySelector;
import javax.xml.crypto.dsig.CanonicalizationMethod;
import javax.xml.crypto.dsig.Transform;
import javax.xml.crypto.dsig.XMLSignature;
import javax.xml.crypto.dsig.XMLSignatureFactory;
import javax.xml.crypto.dsig.dom.DOMSignContext;
import javax.xml.crypto.dsig.dom.DOMValidateContext;
import javax.xml.crypto.dsig.keyinfo.KeyInfoFactory;
import javax.xml.crypto.dsig.spec.C14NMethodParameterSpec;
import javax.xml.crypto.dsig.spec.SignatureMethodParameterSpec;
import javax.xml.crypto.dsig.spec.TransformParameterSpec;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.transform.TransformerFactory;
import javax.xml.transform.dom.DOMSource;
import javax.xml.transform.stream.StreamResult;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;

/**
 * Reads one command a line from standard input and answers each with a line: "ok", or what is wrong.
 *
 * verify CERTIFICATE FILE
 * sign METHOD-URI DIGEST-URI C14N-URI KEY-ALGORITHM KEY(PKCS#8) CERTIFICATE FILE OUTPUT
 */
public class JdkPeer {
    public static void main(String[] arguments) throws Exception {
        var lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            String[] words = line.split("\t");
            try {
                if (words[0].equals("verify")) {
                    System.out.println(verify(words[1], words[2]) ? "ok" : "does not verify");
                } else {
                    sign(words);
                    System.out.println("ok");
                }
            } catch (Exception error) {
                System.out.println(String.valueOf(error).replace('\n', ' '));
            }
        }
    }

    static Document parse(String name) throws Exception {
        var factory = DocumentBuilderFactory.newInstance();
        factory.setNamespaceAware(true);
        return factory.newDocumentBuilder().parse(new File(name));
    }

    static X509Certificate certificate(String name) throws Exception {
        try (var in = new FileInputStream(name)) {
            return (X509Certificate) CertificateFactory.getInstance("X.509").generateCertificate(in);
        }
    }

    static boolean verify(String certificate, String name) throws Exception {
        Document document = parse(name);
        NodeList all = document.getElementsByTagName("*");
        for (int index = 0; index < all.getLength(); index++) {
            Element element = (Element) all.item(index);
            if (element.hasAttribute("Id")) {
                element.setIdAttribute("Id", true);
            }
        }
        var signature = document.getElementsByTagNameNS(XMLSignature.XMLNS, "Signature").item(0);
        var key = KeySelector.singletonKeySelector(certificate(certificate).getPublicKey());
        var context = new DOMValidateContext(key, signature);
        return XMLSignatureFactory.getInstance("DOM").unmarshalXMLSignature(context).validate(context);
    }

    static void sign(String[] words) throws Exception {
        var factory = XMLSignatureFactory.getInstance("DOM");
        var reference = factory.newReference("",
            factory.newDigestMethod(words[2], null),
            List.of(factory.newTransform(Transform.ENVELOPED, (TransformParameterSpec) null)), null, null);
        var info = factory.newSignedInfo(
            factory.newCanonicalizationMethod(words[3], (C14NMethodParameterSpec) null),
            factory.newSignatureMethod(words[1], (SignatureMethodParameterSpec) null),
            List.of(reference));
        PrivateKey key = KeyFactory.getInstance(words[4])
            .generatePrivate(new PKCS8EncodedKeySpec(Files.readAllBytes(Path.of(words[5]))));
        KeyInfoFactory keys = factory.getKeyInfoFactory();
        var data = keys.newX509Data(List.of(certificate(words[6])));
        Document document = parse(words[7]);
        factory.newXMLSignature(info, keys.newKeyInfo(List.of(data)))
            .sign(new DOMSignContext(key, document.getDocumentElement()));
        try (var out = new FileOutputStream(words[8])) {
            TransformerFactory.newInstance().newTransformer()
                .transform(new DOMSource(document), new StreamResult(out));
        }
    }
}
