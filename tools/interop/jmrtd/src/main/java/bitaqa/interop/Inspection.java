package bitaqa.interop;

import java.io.ByteArrayInputStream;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jmrtd.CardServiceProtocolException;
import org.jmrtd.PACEKeySpec;
import org.jmrtd.PassportService;
import org.jmrtd.lds.CardSecurityFile;
import org.jmrtd.lds.ChipAuthenticationInfo;
import org.jmrtd.lds.LDSFileUtil;
import org.jmrtd.lds.PACEInfo;
import org.jmrtd.lds.SODFile;
import org.jmrtd.lds.SecurityInfo;
import org.jmrtd.lds.icao.COMFile;
import org.jmrtd.lds.icao.DG14File;
import org.jmrtd.lds.icao.DG15File;
import org.jmrtd.protocol.PACECAMResult;

/**
 * All that is to see behind one road: one session for each offer of Chip Authentication, the first reads
 * everything.
 */
final class Inspection {
  private final Report report;
  private final Card card;
  private final Options options;
  private final TerminalKeys keys;
  private final Road road;
  /** What EF.CardAccess says before any session; null without one. */
  private final Collection<SecurityInfo> access;
  private final Map<Integer, byte[]> files = new TreeMap<>();
  private Session session;
  private byte[] sod;
  private Passive passive;
  private DG14File security;
  private CardSecurityFile cardSecurity;

  Inspection(Report report, Card card, Options options, TerminalKeys keys, Road road, Collection<SecurityInfo> access) {
    this.report = report;
    this.card = card;
    this.options = options;
    this.keys = keys;
    this.road = road;
    this.access = access;
  }

  private boolean check(String name, Report.Check check) {
    return report.check(road.name() + ": " + name, check);
  }

  /** `whole`: with everything that no road changes, such as the fields of the files. */
  void run(boolean whole) {
    // Both ways of asking are tried: long answers by the CAN, blocks of short commands by the other passwords.
    boolean extended = road.name().endsWith("CAN") || !road.isPace();
    if (!enter(extended)) {
      return;
    }
    if (road.key() instanceof PACEKeySpec spec && spec.getKeyReference() > PassportService.CAN_PACE_KEY_REFERENCE) {
      // PIN and PUK open other applications; the document's files are for who has it in hand (9303-11 §4.4.1).
      check("the files stay closed", () -> {
        int answer = session.tryFile(PassportService.SFI_SOD);
        Report.equal("status word to EF.SOD", "6982", String.format("%04X", answer));
        return "6982";
      });
      return;
    }
    mapping();
    if (!check("EF.SOD", this::readSod)) {
      return;
    }
    check("SOD signature", passive::checkSignature);
    check("DS path to CSCA", () -> passive.checkPath(options.trust));
    check("EF.COM", this::com);
    check("EF.DG14", this::dg14);
    closedBeforeProof();
    List<ChipAuthenticationInfo> offers = security == null ? List.of()
        : Session.of(security, ChipAuthenticationInfo.class);
    for (int i = 0; i < offers.size(); i++) {
      if (i > 0 && !again(extended)) {
        return;
      }
      prove(offers.get(i), i > 0);
    }
    check("Active Authentication", this::activeAuthentication);
    groups(whole);
  }

  private boolean enter(boolean extended) {
    return check(road.isPace() ? "opens the session" : "BAC", () -> {
      session = new Session(card, options, extended);
      open();
      return extended ? "extended length" : "short blocks";
    });
  }

  private void open() throws Exception {
    if (road.isPace()) {
      session.pace(road);
      session.selectApplication();
      return;
    }
    session.selectApplication();
    try {
      session.service.doBAC(options.bacKey());
    } catch (CardServiceProtocolException error) {
      // A card that opens by PACE may refuse BAC at its first command; one that offers nothing else may not.
      if (access != null && error.getStep() == 1) {
        throw new Report.NotOffered("the card refuses BAC: " + Report.words(error.getCause()));
      }
      throw error;
    }
  }

  /** A session anew for the next offer of Chip Authentication. */
  private boolean again(boolean extended) {
    try {
      session = new Session(card, options, extended);
      open();
      return true;
    } catch (Exception error) {
      report.line(road.name() + ": opens the session again", "failed", Report.words(error), 0);
      return false;
    }
  }

  private void mapping() {
    if (!(session.pace instanceof PACECAMResult result)) {
      return;
    }
    // By now the application is selected; the file of the card itself is read in a session of its own.
    check("EF.CardSecurity", () -> {
      Session own = new Session(card, options, true);
      own.pace(road);
      byte[] file = own.readOfCard(PassportService.EF_CARD_SECURITY);
      Passive signed = new Passive(file);
      String how = signed.checkSignature();
      signed.checkPath(options.trust);
      cardSecurity = new CardSecurityFile(new ByteArrayInputStream(file));
      Report.require(octets(cardSecurity.getSecurityInfos()).containsAll(octets(access)),
          "does not repeat EF.CardAccess");
      return "signed (" + how + ") under the CSCA, EF.CardAccess in it";
    });
    check("opens the session once more", () -> {
      session = new Session(card, options, true);
      open();
      return "";
    });
    check("Chip Authentication Mapping", () -> {
      Report.require(cardSecurity != null, "no EF.CardSecurity to judge it by");
      ChipMapping.verify(result, cardSecurity);
      return ChipMapping.verify((PACECAMResult) session.pace, cardSecurity)
          + ", twice; deciphered by us, since JMRTD takes "
          + "another initial vector than 9303-11";
    });
  }

  private static Set<String> octets(Collection<SecurityInfo> infos) throws Exception {
    Set<String> all = new HashSet<>();
    for (SecurityInfo info : infos) {
      all.add(Arrays.toString(info.getDERObject().getEncoded("DER")));
    }
    return all;
  }

  private String readSod() throws Exception {
    sod = session.read(PassportService.EF_SOD);
    passive = Passive.ofSod(sod);
    // JMRTD's own decoding must say the same as BouncyCastle's.
    SODFile decoded = new SODFile(new ByteArrayInputStream(sod));
    Map<Integer, byte[]> hashes = passive.hashes();
    Report.equal("hashed data groups", hashes.keySet(), new TreeSet<>(decoded.getDataGroupHashes().keySet()));
    for (var hash : decoded.getDataGroupHashes().entrySet()) {
      Report.require(Arrays.equals(hash.getValue(), hashes.get(hash.getKey())), "hash of DG" + hash.getKey());
    }
    return "hashes of DG " + hashes.keySet() + ", " + decoded.getDigestAlgorithm();
  }

  private String com() throws Exception {
    COMFile com = new COMFile(new ByteArrayInputStream(session.read(PassportService.EF_COM)));
    Set<Integer> named = new TreeSet<>();
    for (int tag : com.getTagList()) {
      named.add(LDSFileUtil.lookupDataGroupNumberByTag(tag));
    }
    Report.equal("data groups", passive.hashes().keySet(), named);
    return "LDS " + com.getLDSVersion() + ", Unicode " + com.getUnicodeVersion() + ", data groups as in EF.SOD";
  }

  private String dg14() throws Exception {
    if (!passive.hashes().containsKey(14)) {
      throw new Report.NotOffered("no DG14 in EF.SOD");
    }
    byte[] file = session.read(PassportService.EF_DG14);
    hashed(14, file);
    security = new DG14File(new ByteArrayInputStream(file));
    if (access != null) {
      // What was offered before the session was signed by nobody; here it is (9303-11 §4.1, against a downgrade).
      Report.require(octets(security.getSecurityInfos()).containsAll(octets(access)), "does not repeat EF.CardAccess");
    }
    return security.getSecurityInfos().size() + " infos" + (access == null ? "" : ", EF.CardAccess among them");
  }

  private void hashed(int group, byte[] file) throws Exception {
    passive.checkHash(group, file);
    files.put(group, file);
  }

  private void closedBeforeProof() {
    if (!has(3)) {
      return;
    }
    check("DG3 closed before Terminal Authentication", () -> {
      int answer = session.tryFile(PassportService.SFI_DG3);
      Report.equal("status word", "6982", String.format("%04X", answer));
      return "6982";
    });
  }

  private boolean has(int group) {
    try {
      return passive.hashes().containsKey(group);
    } catch (Exception error) {
      return false;
    }
  }

  /** Chip Authentication, and Terminal Authentication where there is something behind it. */
  private void prove(ChipAuthenticationInfo offer, boolean readPrints) {
    boolean proven = check(name(offer), () -> {
      session.chipAuthentication(security, offer);
      // Only the chip can answer under the new keys.
      Report.equal("status word under the new keys", 0x9000, session.tryFile(PassportService.SFI_COM));
      return "answers under the new keys";
    });
    if (!proven || !has(3)) {
      return;
    }
    boolean open = check("Terminal Authentication after " + name(offer), () -> {
      if (keys == null) {
        throw new Report.NotOffered("no --terminal given");
      }
      var authority = session.terminalAuthentication(keys);
      return keys.terminal().getSigAlgName() + " under " + authority.getName();
    });
    if (open && readPrints) {
      check("DG3 hash after " + name(offer), this::prints);
    }
  }

  private String prints() throws Exception {
    byte[] file = session.read(PassportService.EF_DG3);
    hashed(3, file);
    return file.length + " octets";
  }

  /** "CA ECDH AES-128 key 1". */
  private static String name(ChipAuthenticationInfo offer) {
    String oid = offer.getObjectIdentifier();
    boolean aes = ChipAuthenticationInfo.toCipherAlgorithm(oid).startsWith("AES");
    return "CA " + ChipAuthenticationInfo.toKeyAgreementAlgorithm(oid) + " "
        + (aes ? "AES-" + ChipAuthenticationInfo.toKeyLength(oid) : "3DES")
        + (offer.getKeyId() == null ? "" : " key " + offer.getKeyId());
  }

  private String activeAuthentication() throws Exception {
    if (!has(15)) {
      throw new Report.NotOffered("no DG15 in EF.SOD");
    }
    byte[] file = session.read(PassportService.EF_DG15);
    hashed(15, file);
    DG15File decoded = new DG15File(new ByteArrayInputStream(file));
    byte[] challenge = new byte[8];
    new SecureRandom().nextBytes(challenge);
    var result = session.service.doAA(decoded.getPublicKey(), null, null, challenge);
    return ActiveProof.verify(decoded.getPublicKey(), ActiveProof.algorithm(security), challenge, result.getResponse());
  }

  private void groups(boolean whole) {
    Applicant applicant;
    Set<Integer> numbers;
    try {
      numbers = new TreeSet<>(passive.hashes().keySet());
      applicant = whole && options.record != null ? new Applicant(options.record, options.mrz) : null;
    } catch (Exception error) {
      report.line(road.name() + ": data groups", "failed", Report.words(error), 0);
      return;
    }
    numbers.removeAll(files.keySet());
    numbers.remove(14);
    numbers.remove(15);
    for (int number : numbers) {
      check("DG" + number + " hash", () -> {
        byte[] file = session.read(LDSFileUtil.lookupFIDByDataGroupNumber(number));
        hashed(number, file);
        return file.length + " octets";
      });
    }
    if (applicant == null) {
      return;
    }
    fields(1, applicant::dg1);
    fields(2, applicant::dg2);
    fields(3, applicant::dg3);
    fields(11, applicant::dg11);
    fields(12, applicant::dg12);
  }

  private interface Fields {
    String compare(byte[] file) throws Exception;
  }

  private void fields(int number, Fields fields) {
    if (files.containsKey(number)) {
      check("DG" + number + " against the record", () -> fields.compare(files.get(number)));
    }
  }
}
