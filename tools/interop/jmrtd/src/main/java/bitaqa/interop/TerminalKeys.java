package bitaqa.interop;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.PrivateKey;
import java.security.cert.CertificateException;
import java.util.List;
import org.bouncycastle.openssl.PEMParser;
import org.bouncycastle.openssl.jcajce.JcaPEMKeyConverter;
import org.bouncycastle.pkcs.PKCS8EncryptedPrivateKeyInfo;
import org.bouncycastle.pkcs.jcajce.JcePKCSPBEInputDecryptorProviderBuilder;
import org.jmrtd.cert.CVCertificateFactorySpi;
import org.jmrtd.cert.CardVerifiableCertificate;

/** What an inspection terminal shows and signs with: the folder that `bitaqa pki init` makes. */
record TerminalKeys(CardVerifiableCertificate verifier, CardVerifiableCertificate terminal, PrivateKey key) {

  /** Opens `terminal` of an issuer folder, or the folder itself. */
  static TerminalKeys open(Path folder) throws Exception {
    Path inside = Files.isDirectory(folder.resolve("terminal")) ? folder.resolve("terminal") : folder;
    char[] passphrase = passphrase(inside).toCharArray();
    PrivateKey key;
    try (Reader reader = Files.newBufferedReader(inside.resolve("is.key")); PEMParser pem = new PEMParser(reader)) {
      PKCS8EncryptedPrivateKeyInfo sealed = (PKCS8EncryptedPrivateKeyInfo) pem.readObject();
      var opener = new JcePKCSPBEInputDecryptorProviderBuilder().setProvider(Provider.BC).build(passphrase);
      key = new JcaPEMKeyConverter().setProvider(Provider.BC).getPrivateKey(sealed.decryptPrivateKeyInfo(opener));
    }
    return new TerminalKeys(certificate(inside.resolve("dv.cvcert")), certificate(inside.resolve("is.cvcert")), key);
  }

  private static String passphrase(Path folder) throws IOException, Options.Unusable {
    String given = System.getenv("BITAQA_PASSPHRASE");
    if (given != null) {
      return given;
    }
    Path kept = folder.resolveSibling("passphrase");
    if (!Files.exists(kept)) {
      throw new Options.Unusable(kept + " is not there, and BITAQA_PASSPHRASE is not set: " + folder + " stays sealed");
    }
    return Files.readString(kept).strip();
  }

  private static CardVerifiableCertificate certificate(Path file) throws IOException, CertificateException {
    byte[] octets = Files.readAllBytes(file);
    var made = new CVCertificateFactorySpi().engineGenerateCertificate(new ByteArrayInputStream(octets));
    return (CardVerifiableCertificate) made;
  }

  List<CardVerifiableCertificate> chain() {
    return List.of(verifier, terminal);
  }
}
