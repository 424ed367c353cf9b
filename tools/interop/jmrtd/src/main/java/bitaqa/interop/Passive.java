package bitaqa.interop;

import java.io.ByteArrayInputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.CertPathValidator;
import java.security.cert.CertificateFactory;
import java.security.cert.PKIXParameters;
import java.security.cert.TrustAnchor;
import java.security.cert.X509Certificate;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.Map;
import org.bouncycastle.asn1.ASN1Primitive;
import org.bouncycastle.asn1.ASN1TaggedObject;
import org.bouncycastle.asn1.icao.DataGroupHash;
import org.bouncycastle.asn1.icao.LDSSecurityObject;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cms.CMSSignedData;
import org.bouncycastle.cms.SignerInformation;
import org.bouncycastle.cms.jcajce.JcaSimpleSignerInfoVerifierBuilder;
import org.bouncycastle.operator.DefaultAlgorithmNameFinder;

/**
 * Passive authentication, which JMRTD leaves to its caller: signature and hashes by BouncyCastle, the path to the CSCA
 * by
 * the platform's own path validation.
 */
final class Passive {
  private final CMSSignedData signed;
  private final X509Certificate signer;
  private final String algorithm;

  /** A signed data object: EF.CardSecurity, or what is inside EF.SOD. */
  Passive(byte[] content) throws Exception {
    signed = new CMSSignedData(content);
    SignerInformation information = signed.getSignerInfos().getSigners().iterator().next();
    @SuppressWarnings("unchecked")
    var found = signed.getCertificates().getMatches(information.getSID());
    Report.require(found.size() == 1, "the signer's certificate is not inside, or more than one is");
    signer = new JcaX509CertificateConverter().setProvider(Provider.BC)
        .getCertificate((X509CertificateHolder) found.iterator().next());
    algorithm = new DefaultAlgorithmNameFinder().getAlgorithmName(
        information.toASN1Structure().getDigestEncryptionAlgorithm());
  }

  /** EF.SOD is tagged 77 around it. */
  static Passive ofSod(byte[] file) throws Exception {
    ASN1TaggedObject outer = ASN1TaggedObject.getInstance(ASN1Primitive.fromByteArray(file));
    Report.require(outer.getTagNo() == 0x17, "EF.SOD does not begin with 77");
    return new Passive(outer.getExplicitBaseObject().getEncoded());
  }

  String checkSignature() throws Exception {
    Report.require(signed.getSignerInfos().size() == 1, "there is not exactly one signer");
    SignerInformation information = signed.getSignerInfos().getSigners().iterator().next();
    var verifier = new JcaSimpleSignerInfoVerifierBuilder().setProvider(Provider.BC).build(signer);
    Report.require(information.verify(verifier), "the signature does not verify");
    return algorithm + ", " + signer.getPublicKey().getAlgorithm() + " key";
  }

  /** The path from the signer to the CSCA certificate of a trust folder. */
  String checkPath(Path trust) throws Exception {
    Path inside = Files.isDirectory(trust.resolve("trust")) ? trust.resolve("trust") : trust;
    CertificateFactory factory = CertificateFactory.getInstance("X.509", Provider.BC);
    X509Certificate root = (X509Certificate) factory
        .generateCertificate(new ByteArrayInputStream(Files.readAllBytes(inside.resolve("csca.cer"))));
    PKIXParameters parameters = new PKIXParameters(Set.of(new TrustAnchor(root, null)));
    parameters.setRevocationEnabled(false);
    CertPathValidator validator = CertPathValidator.getInstance("PKIX", Provider.BC);
    validator.validate(factory.generateCertPath(List.of(signer)), parameters);
    return signer.getSubjectX500Principal() + " by " + root.getSubjectX500Principal();
  }

  /** Hashes of the data groups by number, as BouncyCastle reads them. */
  Map<Integer, byte[]> hashes() throws Exception {
    Map<Integer, byte[]> hashes = new TreeMap<>();
    for (DataGroupHash hash : securityObject().getDatagroupHash()) {
      hashes.put(hash.getDataGroupNumber(), hash.getDataGroupHashValue().getOctets());
    }
    return hashes;
  }

  /** The file of a data group must have the hash that was signed. */
  void checkHash(int group, byte[] file) throws Exception {
    String algorithm = securityObject().getDigestAlgorithmIdentifier().getAlgorithm().getId();
    boolean same = Arrays.equals(hashes().get(group), Provider.digest(algorithm, file));
    Report.require(same, "the hash of DG" + group + " is not that of EF.SOD");
  }

  private LDSSecurityObject securityObject() throws Exception {
    return LDSSecurityObject.getInstance(ASN1Primitive.fromByteArray((byte[]) signed.getSignedContent().getContent()));
  }
}
