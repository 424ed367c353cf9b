package bitaqa.interop;

import java.util.Collection;
import java.util.List;
import org.jmrtd.PassportService;
import org.jmrtd.lds.CardAccessFile;
import org.jmrtd.lds.PACEInfo;
import org.jmrtd.lds.SecurityInfo;

/** Goes every road into a card. */
final class Reader {
  private static final int NOT_FOUND = 0x6A82;

  private Reader() {}

  static int run(Options options) throws Exception {
    Report report = new Report();
    Card card = Card.of(options);
    try {
      TerminalKeys keys = options.terminal == null ? null : TerminalKeys.open(options.terminal);
      Collection<SecurityInfo> access = access(report, card, options);
      List<Road> roads = Road.all(access, options);
      boolean first = true;
      for (Road road : roads) {
        new Inspection(report, card, options, keys, road, access).run(first);
        first = false;
      }
    } finally {
      card.end();
    }
    return report.end();
  }

  /** What EF.CardAccess offers; null where the card has none. */
  private static Collection<SecurityInfo> access(Report report, Card card, Options options) {
    CardAccessFile[] file = new CardAccessFile[1];
    report.check("EF.CardAccess", () -> {
      Session session = new Session(card, options, false);
      if (session.select(PassportService.EF_CARD_ACCESS) == NOT_FOUND) {
        throw new Report.NotOffered("the card has none: 6A82");
      }
      file[0] = session.cardAccess();
      long offers = file[0].getSecurityInfos().stream().filter(PACEInfo.class::isInstance).count();
      return offers + " offers of PACE";
    });
    return file[0] == null ? null : file[0].getSecurityInfos();
  }
}
