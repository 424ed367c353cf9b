package bitaqa.interop;

import java.math.BigInteger;
import java.security.PublicKey;
import java.security.interfaces.ECPublicKey;
import java.util.Arrays;
import javax.crypto.Cipher;
import javax.crypto.spec.IvParameterSpec;
import javax.crypto.spec.SecretKeySpec;
import org.bouncycastle.jcajce.provider.asymmetric.util.EC5Util;
import org.bouncycastle.math.ec.ECPoint;
import org.jmrtd.Util;
import org.jmrtd.lds.CardSecurityFile;
import org.jmrtd.lds.ChipAuthenticationPublicKeyInfo;
import org.jmrtd.protocol.PACECAMResult;
import org.jmrtd.protocol.PACEGMWithECDHMappingResult;

/**
 * Chip Authentication Mapping (9303-11 §4.4.3.3.3). JMRTD 0.8.6 does not judge what the chip adds, and deciphers it
 * with an
 * initial vector of ones that it forgets to encipher first: its first block is wrong. Both is done here.
 */
final class ChipMapping {
  private ChipMapping() {}

  /** The chip's part of the mapping must be its static key times the number that it told under the session's key. */
  static String verify(PACECAMResult result, CardSecurityFile security) throws Exception {
    byte[] told = decipher(result);
    var mapping = (PACEGMWithECDHMappingResult) result.getMappingResult();
    ECPoint mapped = point(mapping.getPICCMappingPublicKey());
    for (ChipAuthenticationPublicKeyInfo info : security.getChipAuthenticationPublicKeyInfos()) {
      if (info.getSubjectPublicKey() instanceof ECPublicKey key) {
        ECPoint base = point(key);
        if (base.getCurve().equals(mapped.getCurve())
            && base.multiply(new BigInteger(1, told)).normalize().equals(mapped)) {
          return "key " + info.getKeyId() + " of EF.CardSecurity";
        }
      }
    }
    throw new Report.Wrong("no key of EF.CardSecurity makes the chip's part of the mapping");
  }

  private static byte[] decipher(PACECAMResult result) throws Exception {
    byte[] enciphered = result.getEncryptedChipAuthenticationData();
    Report.require(enciphered != null && enciphered.length > 0, "the chip told no Chip Authentication data");
    var key = new SecretKeySpec(result.getWrapper().getEncryptionKey().getEncoded(), "AES");
    byte[] ones = new byte[16];
    Arrays.fill(ones, (byte) 0xFF);
    Cipher block = Cipher.getInstance("AES/ECB/NoPadding");
    block.init(Cipher.ENCRYPT_MODE, key);
    Cipher chained = Cipher.getInstance("AES/CBC/NoPadding");
    chained.init(Cipher.DECRYPT_MODE, key, new IvParameterSpec(block.doFinal(ones)));
    return Util.unpad(chained.doFinal(enciphered));
  }

  private static ECPoint point(PublicKey key) {
    ECPublicKey point = (ECPublicKey) key;
    return EC5Util.convertPoint(EC5Util.convertCurve(point.getParams().getCurve()), point.getW()).normalize();
  }
}
