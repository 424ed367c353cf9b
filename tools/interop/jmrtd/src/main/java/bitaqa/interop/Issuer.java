package bitaqa.interop;

import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.SecureRandom;
import java.security.Security;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.time.Instant;
import java.util.Date;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import javax.imageio.ImageIO;
import net.sf.scuba.data.Gender;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.DERPrintableString;
import org.bouncycastle.asn1.DERSequence;
import org.bouncycastle.asn1.DERSet;
import org.bouncycastle.asn1.ASN1EncodableVector;
import org.bouncycastle.asn1.ASN1Integer;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.CRLDistPoint;
import org.bouncycastle.asn1.x509.DistributionPoint;
import org.bouncycastle.asn1.x509.DistributionPointName;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.asn1.x509.PrivateKeyUsagePeriod;
import org.bouncycastle.asn1.DERGeneralizedTime;
import org.bouncycastle.asn1.DERTaggedObject;
import org.bouncycastle.cert.X509v3CertificateBuilder;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509ExtensionUtils;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.jmrtd.lds.SODFile;
import org.jmrtd.lds.icao.COMFile;
import org.jmrtd.lds.icao.DG15File;
import org.jmrtd.lds.icao.DG1File;
import org.jmrtd.lds.icao.DG2File;
import org.jmrtd.lds.icao.MRZInfo;
import org.jmrtd.lds.iso19794.FaceImageInfo;
import org.jmrtd.lds.iso19794.FaceInfo;

/**
 * A specimen card that nothing of ours has made: files by JMRTD, certificates by BouncyCastle. For a foreign card
 * that
 * our terminal is to read.
 */
final class Issuer {
  private static final int DG1_TAG = 0x61;
  private static final int DG2_TAG = 0x75;
  private static final int DG15_TAG = 0x6F;

  private Issuer() {}

  /** Writes the files, the key of Active Authentication (PKCS #8), the MRZ and the CSCA certificate into a folder. */
  static int run(Path portrait, Path out) throws Exception {
    Files.createDirectories(out);
    Security.addProvider(Provider.BC); // JMRTD signs by a provider's name
    MRZInfo mrz = MRZInfo.createTD1MRZInfo("I", "UTO", "SPX123456", "", "740812", Gender.FEMALE, "341231", "UTO", "",
        "SPECIMEN", "FOREIGN CARD");
    KeyPairGenerator rsa = KeyPairGenerator.getInstance("RSA", Provider.BC);
    rsa.initialize(1024); // all that the applet can
    KeyPair active = rsa.generateKeyPair();
    Map<Integer, byte[]> files = new HashMap<>();
    files.put(1, new DG1File(mrz).getEncoded());
    files.put(2, face(Files.readAllBytes(portrait)));
    files.put(15, new DG15File(active.getPublic()).getEncoded());

    KeyPair root = p256();
    KeyPair signer = p256();
    X509Certificate csca = certificate(root, root, true);
    X509Certificate ds = certificate(signer, root, false);
    Map<Integer, byte[]> hashes = new HashMap<>();
    for (var file : files.entrySet()) {
      hashes.put(file.getKey(), Provider.digest("SHA-256", file.getValue()));
    }
    SODFile sod = new SODFile("SHA-256", "SHA256withECDSA", hashes, signer.getPrivate(), ds, Provider.BC.getName());
    COMFile com = new COMFile("1.7", "4.0.0", new int[] {DG1_TAG, DG2_TAG, DG15_TAG});

    for (var file : files.entrySet()) {
      Files.write(out.resolve("DG" + file.getKey() + ".bin"), file.getValue());
    }
    Files.write(out.resolve("EF.SOD.bin"), sod.getEncoded());
    Files.write(out.resolve("EF.COM.bin"), com.getEncoded());
    Files.write(out.resolve("aa.pkcs8"), active.getPrivate().getEncoded());
    Files.write(Files.createDirectories(out.resolve("trust")).resolve("csca.cer"), csca.getEncoded());
    Files.writeString(out.resolve("mrz.txt"), mrz.toString().strip() + "\n");
    return Main.GOOD;
  }

  private static KeyPair p256() throws Exception {
    KeyPairGenerator generator = KeyPairGenerator.getInstance("EC", Provider.BC);
    generator.initialize(new ECGenParameterSpec("secp256r1"));
    return generator.generateKeyPair();
  }

  private static byte[] face(byte[] jpeg) throws Exception {
    BufferedImage image = ImageIO.read(new ByteArrayInputStream(jpeg));
    FaceImageInfo face = new FaceImageInfo(Gender.FEMALE, FaceImageInfo.EyeColor.UNSPECIFIED, 0,
        FaceImageInfo.HAIR_COLOR_UNSPECIFIED, FaceImageInfo.EXPRESSION_UNSPECIFIED, new int[3], new int[3],
        FaceImageInfo.FACE_IMAGE_TYPE_FULL_FRONTAL, FaceImageInfo.IMAGE_COLOR_SPACE_RGB24,
        FaceImageInfo.SOURCE_TYPE_UNSPECIFIED, 0, 0, new FaceImageInfo.FeaturePoint[0], image.getWidth(),
        image.getHeight(), new ByteArrayInputStream(jpeg), jpeg.length, FaceImageInfo.IMAGE_DATA_TYPE_JPEG);
    return DG2File.createISO19794DG2File(List.of(new FaceInfo(List.of(face)))).getEncoded();
  }

  /** By the certificate profiles of 9303-12 §7. */
  private static X509Certificate certificate(KeyPair subject, KeyPair issuer, boolean root) throws Exception {
    Instant from = Instant.now().minus(Duration.ofDays(1));
    Instant until = from.plus(Duration.ofDays(root ? 5000 : 4000));
    X500Name authority = new X500Name("C=UT,O=SPECIMEN foreign issuer,CN=CSCA foreign");
    X500Name name = root ? authority : new X500Name("C=UT,O=SPECIMEN foreign issuer,CN=DS foreign 1");
    BigInteger serial = new BigInteger(63, new SecureRandom()).setBit(62);
    X509v3CertificateBuilder builder = new JcaX509v3CertificateBuilder(authority, serial, Date.from(from),
        Date.from(until), name, subject.getPublic());
    JcaX509ExtensionUtils extensions = new JcaX509ExtensionUtils();
    builder.addExtension(Extension.authorityKeyIdentifier, false,
        extensions.createAuthorityKeyIdentifier(issuer.getPublic()));
    builder.addExtension(Extension.subjectKeyIdentifier, false,
        extensions.createSubjectKeyIdentifier(subject.getPublic()));
    builder.addExtension(Extension.keyUsage, true,
        new KeyUsage(root ? KeyUsage.keyCertSign | KeyUsage.cRLSign : KeyUsage.digitalSignature));
    if (root) {
      builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(0));
    } else {
      // DocumentType of 9303-12 §7.1.1: version 0, a set of document codes.
      ASN1EncodableVector types = new ASN1EncodableVector();
      types.add(new ASN1Integer(0));
      types.add(new DERSet(new DERPrintableString("I")));
      builder.addExtension(new ASN1ObjectIdentifier("2.23.136.1.1.6.2"), false, new DERSequence(types));
    }
    usage(builder, from, from.plus(Duration.ofDays(root ? 1000 : 90)));
    GeneralNames contact = new GeneralNames(new GeneralName[] {
        new GeneralName(GeneralName.rfc822Name, "csca@example.org"),
        new GeneralName(new X500Name("L=UTO"))});
    builder.addExtension(Extension.subjectAlternativeName, false, contact);
    builder.addExtension(Extension.issuerAlternativeName, false, contact);
    GeneralNames list = new GeneralNames(new GeneralName(GeneralName.uniformResourceIdentifier,
        "https://example.org/crl"));
    builder.addExtension(Extension.cRLDistributionPoints, false, new CRLDistPoint(
        new DistributionPoint[] {new DistributionPoint(new DistributionPointName(list), null, null)}));
    var signer = new JcaContentSignerBuilder("SHA256withECDSA").setProvider(Provider.BC).build(issuer.getPrivate());
    return new JcaX509CertificateConverter().setProvider(Provider.BC).getCertificate(builder.build(signer));
  }

  private static void usage(X509v3CertificateBuilder builder, Instant from, Instant until) throws Exception {
    ASN1EncodableVector period = new ASN1EncodableVector();
    period.add(new DERTaggedObject(false, 0, new DERGeneralizedTime(Date.from(from))));
    period.add(new DERTaggedObject(false, 1, new DERGeneralizedTime(Date.from(until))));
    builder.addExtension(Extension.privateKeyUsagePeriod, false,
        PrivateKeyUsagePeriod.getInstance(new DERSequence(period)));
  }
}
