package bitaqa.interop;

import com.google.gson.JsonObject;
import java.io.ByteArrayInputStream;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jmrtd.PassportService;
import org.jmrtd.lds.CardAccessFile;
import org.jmrtd.lds.ChipAuthenticationInfo;
import org.jmrtd.lds.LDSFileUtil;
import org.jmrtd.lds.PACEInfo;
import org.jmrtd.lds.icao.COMFile;
import org.jmrtd.lds.icao.DG11File;
import org.jmrtd.lds.icao.DG12File;
import org.jmrtd.lds.icao.DG14File;
import org.jmrtd.lds.icao.DG15File;
import org.jmrtd.lds.icao.DG1File;
import org.jmrtd.lds.icao.DG2File;
import org.jmrtd.lds.icao.DG3File;

/**
 * The same full inspection many times in one JVM, on one card over one connection: medians by phase, after as many runs
 * that are thrown away as the just-in-time compiler wants.
 */
final class Timing {
  private final Card card;
  private final Options options;
  private final TerminalKeys keys;
  /** Nanoseconds of each run, by phase, in the order in which the phases were first met. */
  private final Map<String, List<Long>> phases = new LinkedHashMap<>();
  private long begun;
  private long bytes;

  private Timing(Card card, Options options) throws Exception {
    this.card = card;
    this.options = options;
    keys = options.terminal == null ? null : TerminalKeys.open(options.terminal);
  }

  static int run(Options options) throws Exception {
    if (options.repeat == 0 || options.trust == null) {
      throw new Options.Unusable("--timing needs --trust, and --repeat of 1 at least");
    }
    Card card = Card.of(options);
    try {
      Timing timing = new Timing(card, options);
      for (int i = 0; i < options.warmUp; i++) {
        timing.inspect();
      }
      timing.phases.clear();
      long commands = card.commands();
      long octets = card.octets();
      for (int i = 0; i < options.repeat; i++) {
        timing.inspect();
      }
      JsonObject line = timing.medians();
      line.addProperty("runs", options.repeat);
      line.addProperty("warm_up_runs", options.warmUp);
      line.addProperty("commands_per_run", (card.commands() - commands) / (double) options.repeat);
      line.addProperty("wire_octets_per_run", (card.octets() - octets) / (double) options.repeat);
      line.addProperty("file_octets_per_run", timing.bytes);
      line.addProperty("java", System.getProperty("java.vm.name") + " " + System.getProperty("java.version"));
      Report.print(line);
    } finally {
      card.end();
    }
    return Main.GOOD;
  }

  private void phase(String name) {
    long now = System.nanoTime();
    phases.computeIfAbsent(name, key -> new ArrayList<>()).add(now - begun);
    begun = now;
  }

  /** Every step that the card gives reason for; an error ends the measurement, since a run that failed says nothing. */
  private void inspect() throws Exception {
    long start = System.nanoTime();
    begun = start;
    bytes = 0;
    Session session = new Session(card, options, true);
    open(session);
    byte[] sod = read(session, PassportService.EF_SOD);
    Passive passive = Passive.ofSod(sod);
    Map<Integer, byte[]> hashes = passive.hashes();
    new COMFile(new ByteArrayInputStream(read(session, PassportService.EF_COM)));
    phase("EF.SOD and EF.COM");
    passive.checkSignature();
    passive.checkPath(options.trust);
    phase("passive: signature and path");
    DG14File security = null;
    if (hashes.containsKey(14)) {
      security = (DG14File) group(session, passive, 14);
      phase("EF.DG14");
    }
    prove(session, passive, security, hashes);
    for (int number : hashes.keySet()) {
      if (number < 14) {
        group(session, passive, number);
        phase(number == 2 || number == 3 ? "EF.DG" + number : "other data groups");
      }
    }
    phases.computeIfAbsent("whole", key -> new ArrayList<>()).add(System.nanoTime() - start);
  }

  private void open(Session session) throws Exception {
    CardAccessFile access = null;
    if (session.select(PassportService.EF_CARD_ACCESS) == 0x9000) {
      access = session.cardAccess();
    }
    phase("EF.CardAccess");
    List<Road> roads = Road.all(access == null ? null : access.getSecurityInfos(), options);
    Road road = roads.get(0);
    if (road.isPace()) {
      session.pace(road);
      phase("PACE");
      session.selectApplication();
    } else {
      session.selectApplication();
      session.service.doBAC(options.bacKey());
      phase("BAC");
    }
  }

  private void prove(Session session, Passive passive, DG14File security, Map<Integer, byte[]> hashes)
      throws Exception {
    if (security != null && !Session.of(security, ChipAuthenticationInfo.class).isEmpty()) {
      session.chipAuthentication(security, Session.of(security, ChipAuthenticationInfo.class).get(0));
      Report.equal("status word under the new keys", 0x9000, session.tryFile(PassportService.SFI_COM));
      phase("Chip Authentication");
    }
    if (hashes.containsKey(3) && keys != null) {
      session.terminalAuthentication(keys);
      phase("Terminal Authentication");
    }
    if (hashes.containsKey(15)) {
      DG15File key = (DG15File) group(session, passive, 15);
      byte[] challenge = new byte[8];
      new SecureRandom().nextBytes(challenge);
      var answer = session.service.doAA(key.getPublicKey(), null, null, challenge);
      ActiveProof.verify(key.getPublicKey(), ActiveProof.algorithm(security), challenge, answer.getResponse());
      phase("Active Authentication");
    }
  }

  private byte[] read(Session session, short file) throws Exception {
    byte[] octets = session.read(file);
    bytes += octets.length;
    return octets;
  }

  /** Reads a data group, compares its hash, and lets JMRTD decode it where it can. */
  private Object group(Session session, Passive passive, int number) throws Exception {
    byte[] file = read(session, LDSFileUtil.lookupFIDByDataGroupNumber(number));
    passive.checkHash(number, file);
    var in = new ByteArrayInputStream(file);
    return switch (number) {
      case 1 -> new DG1File(in);
      case 2 -> new DG2File(in);
      case 3 -> new DG3File(in);
      case 11 -> new DG11File(in);
      case 12 -> new DG12File(in);
      case 14 -> new DG14File(in);
      case 15 -> new DG15File(in);
      default -> file;
    };
  }

  /** Milliseconds by phase: the median over the runs of what a run spent in it. */
  private JsonObject medians() {
    JsonObject medians = new JsonObject();
    phases.forEach((name, times) -> {
      int share = times.size() / options.repeat;
      double[] sums = new double[options.repeat];
      for (int i = 0; i < options.repeat; i++) {
        sums[i] = times.subList(i * share, (i + 1) * share).stream().mapToLong(Long::longValue).sum() / 1e6;
      }
      Arrays.sort(sums);
      int middle = sums.length / 2;
      double median = sums.length % 2 == 1 ? sums[middle] : (sums[middle - 1] + sums[middle]) / 2;
      medians.addProperty(name, Math.round(median * 1000) / 1000.0);
    });
    JsonObject line = new JsonObject();
    line.add("median_ms", medians);
    return line;
  }
}
