package bitaqa.interop;

import java.util.ArrayList;
import java.util.List;
import javax.smartcardio.CardException;
import javax.smartcardio.CardTerminal;
import javax.smartcardio.TerminalFactory;
import net.sf.scuba.smartcards.CardService;
import net.sf.scuba.smartcards.CardServiceException;
import net.sf.scuba.smartcards.TerminalCardService;

/** A card in a PC/SC reader, by the service that JMRTD's own users take. */
final class ReaderCard implements Card {
  /** Java's PC/SC takes answers of 8192 octets at most; what secure messaging adds stays below the rest. */
  private static final int BLOCK = 8000;

  private final CardTerminal terminal;
  private final TerminalCardService service;
  private long commands;
  private long octets;

  ReaderCard(String name) throws Exception {
    List<String> others = new ArrayList<>();
    CardTerminal found = null;
    for (CardTerminal terminal : TerminalFactory.getDefault().terminals().list()) {
      others.add(terminal.getName());
      if (terminal.getName().equals(name)) {
        found = terminal;
      }
    }
    if (found == null) {
      throw new Options.Unusable("no reader \"" + name + "\"; there are " + others);
    }
    terminal = found;
    service = new TerminalCardService(found);
    service.addAPDUListener(event -> {
      commands++;
      octets += event.getCommandAPDU().getBytes().length + event.getResponseAPDU().getBytes().length;
    });
    service.open();
  }

  @Override
  public CardService service() {
    return service;
  }

  @Override
  public int longestBlock() {
    return BLOCK;
  }

  @Override
  public void reset() throws CardServiceException {
    service.close(); // leaves the card as it is
    try {
      terminal.connect("*").disconnect(true);
    } catch (CardException error) {
      throw new CardServiceException("the card cannot be reset", error);
    }
    service.open();
  }

  @Override
  public long commands() {
    return commands;
  }

  @Override
  public long octets() {
    return octets;
  }

  @Override
  public void end() {
    service.close();
  }
}
