package bitaqa.interop;

import java.util.ArrayList;
import java.util.List;
import javax.smartcardio.CardTerminal;
import javax.smartcardio.TerminalFactory;
import net.sf.scuba.smartcards.CardService;
import net.sf.scuba.smartcards.CardServiceException;
import net.sf.scuba.smartcards.TerminalCardService;

/** A card in a PC/SC reader, by the service that JMRTD's own users take. */
final class ReaderCard implements Card {
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
  public void reset() throws CardServiceException {
    // Letting go of a card in a reader resets it.
    service.close();
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
