package bitaqa.interop;

import java.math.BigInteger;
import java.security.PublicKey;
import java.security.Signature;
import java.security.interfaces.ECPublicKey;
import java.security.interfaces.RSAPublicKey;
import java.util.Arrays;
import org.bouncycastle.asn1.ASN1EncodableVector;
import org.bouncycastle.asn1.ASN1Integer;
import org.bouncycastle.asn1.DERSequence;
import org.jmrtd.lds.ActiveAuthenticationInfo;
import org.jmrtd.lds.icao.DG14File;

/**
 * Judges the answer to INTERNAL AUTHENTICATE, which JMRTD only fetches: ISO/IEC 9796-2 scheme 1 by plain arithmetic,
 * ECDSA
 * by the platform over the two numbers that the card gives one after the other.
 */
final class ActiveProof {
  private ActiveProof() {}

  /** The algorithm in words; throws where the answer proves nothing. */
  static String verify(PublicKey key, String signatureAlgorithm, byte[] challenge, byte[] answer) throws Exception {
    if (key instanceof RSAPublicKey rsa) {
      return verifyRsa(rsa, challenge, answer);
    }
    return verifyEcdsa((ECPublicKey) key, signatureAlgorithm, challenge, answer);
  }

  /** The signature algorithm that EF.DG14 names; null where it names none, as for RSA it need not. */
  static String algorithm(DG14File security) throws Exception {
    if (security != null) {
      for (ActiveAuthenticationInfo info : security.getActiveAuthenticationInfos()) {
        return ActiveAuthenticationInfo.lookupMnemonicByOID(info.getSignatureAlgorithmOID());
      }
    }
    return null;
  }

  private static String verifyRsa(RSAPublicKey key, byte[] challenge, byte[] answer) throws Exception {
    int length = (key.getModulus().bitLength() + 7) / 8;
    Report.require(answer.length == length, "the answer has " + answer.length + " octets, the modulus " + length);
    BigInteger opened = new BigInteger(1, answer).modPow(key.getPublicExponent(), key.getModulus());
    byte[] message = fixed(opened, length);
    int last = message[length - 1] & 0xFF;
    Report.require((message[0] & 0xFF) == 0x6A, "the opened answer does not begin with 6A: not of this key");
    Report.require(last == 0xBC || last == 0xCC, String.format("the opened answer ends in %02X", last));
    int trailer = last == 0xBC ? 1 : 2;
    String hash = last == 0xBC ? "SHA-1" : switch (message[length - 2] & 0xFF) {
      case 0x34 -> "SHA-256";
      case 0x35 -> "SHA-512";
      case 0x36 -> "SHA-384";
      case 0x38 -> "SHA-224";
      default -> throw new Report.Wrong(String.format("trailer %02XCC names no hash", message[length - 2]));
    };
    int hashed = Provider.digest(hash).length;
    int end = length - trailer - hashed;
    byte[] nonce = Arrays.copyOfRange(message, 1, end);
    byte[] found = Arrays.copyOfRange(message, end, length - trailer);
    Report.require(nonce.length > 0, "there is no room for what the chip adds");
    Report.require(Arrays.equals(found, Provider.digest(hash, nonce, challenge)),
        "the hash in the answer is not that of "
        + "the chip's part and our challenge");
    return "RSA " + key.getModulus().bitLength() + ", ISO/IEC 9796-2 scheme 1, " + hash;
  }

  private static byte[] fixed(BigInteger number, int length) {
    byte[] octets = number.toByteArray();
    byte[] out = new byte[length];
    int taken = Math.min(octets.length, length);
    System.arraycopy(octets, octets.length - taken, out, length - taken, taken);
    return out;
  }

  private static String verifyEcdsa(ECPublicKey key, String algorithm, byte[] challenge, byte[] answer)
      throws Exception {
    // "SHA256withPLAIN-ECDSA" or "SHA256withECDSA": in both the card gives r and s without a wrapping.
    Report.require(algorithm != null, "EF.DG14 has no ActiveAuthenticationInfo, which says the hash");
    String hash = algorithm.substring(0, algorithm.indexOf("with"));
    int size = (key.getParams().getOrder().bitLength() + 7) / 8;
    Report.require(answer.length == 2 * size, "the answer has " + answer.length + " octets instead of " + 2 * size);
    ASN1EncodableVector numbers = new ASN1EncodableVector();
    numbers.add(new ASN1Integer(new BigInteger(1, Arrays.copyOf(answer, size))));
    numbers.add(new ASN1Integer(new BigInteger(1, Arrays.copyOfRange(answer, size, 2 * size))));
    Signature signature = Signature.getInstance(hash + "withECDSA", Provider.BC);
    signature.initVerify(key);
    signature.update(challenge);
    Report.require(signature.verify(new DERSequence(numbers).getEncoded()),
        "the signature is not one of DG15's key over "
        + "our challenge");
    return "ECDSA, " + hash;
  }
}
