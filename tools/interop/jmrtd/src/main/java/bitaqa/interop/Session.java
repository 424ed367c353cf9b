package bitaqa.interop;

import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.math.BigInteger;
import java.security.PublicKey;
import java.security.Security;
import java.util.List;
import net.sf.scuba.smartcards.CardFileInputStream;
import net.sf.scuba.smartcards.CardServiceException;
import org.jmrtd.DefaultFileSystem;
import org.jmrtd.PassportService;
import org.jmrtd.cert.CVCPrincipal;
import org.jmrtd.cert.CardVerifiableCertificate;
import org.jmrtd.lds.CVCAFile;
import org.jmrtd.lds.CardAccessFile;
import org.jmrtd.lds.ChipAuthenticationInfo;
import org.jmrtd.lds.ChipAuthenticationPublicKeyInfo;
import org.jmrtd.lds.PACEInfo;
import org.jmrtd.lds.SecurityInfo;
import org.jmrtd.lds.icao.DG14File;
import org.jmrtd.protocol.EACCAResult;
import org.jmrtd.protocol.PACEResult;
import org.jmrtd.protocol.ReadBinaryAPDUSender;

/** One session from power-up on, by JMRTD's calls in the order in which a reader of documents makes them. */
final class Session {
  private static final int EXTENDED = PassportService.EXTENDED_MAX_TRANCEIVE_LENGTH;
  /**
   * JMRTD's default of 223 octets: with 224, padded to 240 and wrapped, an answer is longer than a short Le can ask
   * for.
   */
  private static final int SHORT_BLOCK = PassportService.DEFAULT_MAX_BLOCKSIZE;

  final PassportService service;
  private final Card card;
  private final int block;
  private final Options options;
  PACEResult pace;
  EACCAResult chip;

  Session(Card card, Options options, boolean extended) throws CardServiceException {
    this.card = card;
    this.options = options;
    card.reset();
    block = extended ? card.longestBlock() : SHORT_BLOCK;
    int wrapped = extended ? EXTENDED : PassportService.NORMAL_MAX_TRANCEIVE_LENGTH;
    service = new PassportService(card.service(), PassportService.NORMAL_MAX_TRANCEIVE_LENGTH, wrapped, block, true,
        true);
    service.open();
  }

  /** EF.CardAccess, before anything else. */
  CardAccessFile cardAccess() throws Exception {
    return new CardAccessFile(new ByteArrayInputStream(read(PassportService.EF_CARD_ACCESS)));
  }

  void pace(Road road) throws Exception {
    PACEInfo info = road.info();
    String oid = info.getObjectIdentifier();
    // In Integrated Mapping JMRTD 0.8.6 makes keys that are named "AES/CBC/NoPadding" or so. BouncyCastle takes them,
    // the
    // platform's own provider, which comes first, does not.
    boolean integrated = PACEInfo.toMappingType(oid) == PACEInfo.MappingType.IM;
    if (integrated) {
      Security.insertProviderAt(Provider.BC, 1);
    }
    try {
      pace = service.doPACE(road.key(), oid, PACEInfo.toParameterSpec(info.getParameterId()), info.getParameterId());
    } finally {
      if (integrated) {
        Security.removeProvider(Provider.BC.getName());
      }
    }
  }

  void selectApplication() throws CardServiceException {
    service.sendSelectApplet(pace != null);
  }

  /** A file of the card itself, within the session: JMRTD's own reading of such files knows no session. */
  byte[] readOfCard(short file) throws Exception {
    DefaultFileSystem files = new DefaultFileSystem(new ReadBinaryAPDUSender(card.service()), false);
    files.setWrapper(service.getWrapper());
    synchronized (files) {
      files.selectFile(file);
      return new CardFileInputStream(block, files).readAllBytes();
    }
  }

  byte[] read(short file) throws Exception {
    try (InputStream in = service.getInputStream(file, block)) {
      return in.readAllBytes();
    }
  }

  /** Status word to a plain try at the first octets of a file of the application, by short identifier. */
  int tryFile(int shortIdentifier) {
    try {
      new ReadBinaryAPDUSender(card.service()).sendReadBinary(service.getWrapper(), 0x80 | shortIdentifier, 0, 8, true,
          false);
      return 0x9000;
    } catch (CardServiceException error) {
      return error.getSW() & 0xFFFF;
    }
  }

  /** Status word to a plain SELECT of a file: JMRTD's reading of files keeps it to itself. */
  int select(short file) {
    try {
      new ReadBinaryAPDUSender(card.service()).sendSelectFile(null, file);
      return 0x9000;
    } catch (CardServiceException error) {
      return error.getSW() & 0xFFFF;
    }
  }

  /** Chip Authentication by one offer of EF.DG14. */
  void chipAuthentication(DG14File security, ChipAuthenticationInfo offer) throws Exception {
    ChipAuthenticationPublicKeyInfo key = keyOf(security, offer.getKeyId());
    PublicKey publicKey = key.getSubjectPublicKey();
    chip = service.doEACCA(offer.getKeyId(), offer.getObjectIdentifier(), key.getObjectIdentifier(), publicKey);
  }

  /** All infos of a kind: JMRTD's own lists end with the first that has no key number. */
  static <T extends SecurityInfo> List<T> of(DG14File security, Class<T> kind) {
    return security.getSecurityInfos().stream().filter(kind::isInstance).map(kind::cast).toList();
  }

  private static ChipAuthenticationPublicKeyInfo keyOf(DG14File security, BigInteger id) throws Report.Wrong {
    for (ChipAuthenticationPublicKeyInfo key : of(security, ChipAuthenticationPublicKeyInfo.class)) {
      if (id == null ? key.getKeyId() == null : id.equals(key.getKeyId())) {
        return key;
      }
    }
    throw new Report.Wrong("EF.DG14 offers Chip Authentication with key " + id + " and holds no such key");
  }

  /** Terminal Authentication with the chain of the terminal's folder; the authority that the card names comes first. */
  CVCPrincipal terminalAuthentication(TerminalKeys keys) throws Exception {
    CVCPrincipal authority =
        new CVCAFile(new ByteArrayInputStream(read(PassportService.EF_CVCA))).getCAReference();
    List<CardVerifiableCertificate> chain = keys.chain();
    String algorithm = keys.terminal().getSigAlgName();
    if (pace != null) {
      service.doEACTA(authority, chain, keys.key(), algorithm, chip, pace);
    } else {
      // The number as the MRZ has it: nine places, filled up.
      String number = String.format("%-9s", options.bacKey().getDocumentNumber()).replace(' ', '<');
      service.doEACTA(authority, chain, keys.key(), algorithm, chip, number);
    }
    return authority;
  }
}
