package bitaqa.interop;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import org.jmrtd.AccessKeySpec;
import org.jmrtd.PACEKeySpec;
import org.jmrtd.lds.PACEInfo;
import org.jmrtd.lds.SecurityInfo;

/** A way into the card: BAC, or one of its PACE offers with one password. */
record Road(String name, PACEInfo info, AccessKeySpec key) {

  /** Every way that an EF.CardAccess offers with the passwords that we have; null: the card has no such file. */
  static List<Road> all(Collection<SecurityInfo> access, Options options) throws Exception {
    List<Road> roads = new ArrayList<>();
    if (access != null) {
      for (SecurityInfo info : access) {
        if (info instanceof PACEInfo pace) {
          add(roads, pace, "CAN", options.can == null ? null : PACEKeySpec.createCANKey(options.can));
          add(roads, pace, "MRZ", options.mrz == null ? null : PACEKeySpec.createMRZKey(options.bacKey()));
          add(roads, pace, "PIN", options.pin == null ? null : PACEKeySpec.createPINKey(options.pin));
          add(roads, pace, "PUK", options.puk == null ? null : PACEKeySpec.createPUKKey(options.puk));
        }
      }
    }
    if (options.mrz != null) {
      roads.add(new Road("BAC", null, options.bacKey()));
    }
    return roads.stream().filter(road -> options.roads.isEmpty() || options.roads.stream()
            .anyMatch(road.name::contains))
        .toList();
  }

  private static void add(List<Road> roads, PACEInfo info, String password, AccessKeySpec key) {
    if (key != null) {
      roads.add(new Road(offer(info) + ", " + password, info, key));
    }
  }

  boolean isPace() {
    return info != null;
  }

  /** "PACE ECDH-GM AES-128 set 12". */
  private static String offer(PACEInfo info) {
    String oid = info.getObjectIdentifier();
    String cipher = PACEInfo.toCipherAlgorithm(oid).startsWith("AES") ? "AES-" + PACEInfo.toKeyLength(oid) : "3DES";
    return String.format(Locale.ROOT, "PACE %s-%s %s set %s", PACEInfo.toKeyAgreementAlgorithm(oid),
        PACEInfo.toMappingType(oid), cipher, info.getParameterId());
  }
}
