import ControlProtocol
import Testing

@testable import progressctl

@Suite("Events as people see them")
struct LiveEventLineTests {
  private func event(_ kind: LiveEvent.Kind, _ text: String, key: String? = nil) -> LiveEvent {
    var event = LiveEvent(at: start, kind: kind, text: text)
    event.key = key
    return event
  }

  @Test(
    "each is a line of when, what, which key, and the words, with the key once",
    arguments: [
      (LiveEvent.Kind.synced, "✅ Synced: complete-p1-1-3", "complete-p1-1-3", "12:00:00  synced       ✅ Synced: complete-p1-1-3\n"),
      (.sent, "on its way", "complete-p1-1-3", "12:00:00  sent         complete-p1-1-3  on its way\n"),
      (.unreachable, "No answer\n\u{1b}[2J", nil, "12:00:00  unreachable  No answer\\n\\u{1B}[2J\n"),
    ] as [(LiveEvent.Kind, String, String?, String)])
  func lines(kind: LiveEvent.Kind, text: String, key: String?, line: String) {
    #expect(event(kind, text, key: key).line(time: "12:00:00", style: .plain) == line)
  }

  @Test("colours tell good from bad and leave the columns where they are")
  func colours() {
    #expect(event(.failed, "no").line(time: "1", style: .coloured) == "1  \u{1b}[31mfailed\u{1b}[0m       no\n")
  }
}
