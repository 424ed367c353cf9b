package bitaqa.interop;

import net.sf.scuba.smartcards.CardService;
import net.sf.scuba.smartcards.CardServiceException;

/** A card however it is reached, for one session after the other. */
interface Card {
  /** Where JMRTD sends its commands. */
  CardService service();

  /** Most octets of a file that one answer can bring, where the way to the card sets a limit of its own. */
  int longestBlock();

  /** Ends the session: the card is as after power-up. */
  void reset() throws CardServiceException;

  /** Commands since the beginning. */
  long commands();

  /** Octets of commands and answers since the beginning. */
  long octets();

  /** Lets the card go. */
  void end() throws Exception;

  /** The card that the command line names. */
  static Card of(Options options) throws Exception {
    if (options.reader != null) {
      return new ReaderCard(options.reader);
    }
    return options.connect != null ? Link.connect(options.connect, options.trace) : Link.listen(options);
  }
}
