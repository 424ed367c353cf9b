package bitaqa.interop;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import org.bouncycastle.jce.provider.BouncyCastleProvider;

/** BouncyCastle, which has the curves of Brainpool and the plain signatures that the platform lacks. */
final class Provider {
  static final java.security.Provider BC = new BouncyCastleProvider();

  private Provider() {}

  static byte[] digest(String algorithm, byte[]... parts) throws NoSuchAlgorithmException {
    MessageDigest digest = MessageDigest.getInstance(algorithm, BC);
    for (byte[] part : parts) {
      digest.update(part);
    }
    return digest.digest();
  }
}
