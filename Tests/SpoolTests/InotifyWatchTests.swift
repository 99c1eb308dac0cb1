import Glibc
import Testing

@testable import Spool

@Suite struct InotifyWatchTests {
  /// Events as read(2) returns them (inotify(7)): a header, then the name padded with zeros.
  private func buffer(_ events: (watch: CInt, mask: Int32, name: String)...) -> ArraySlice<UInt8> {
    events.flatMap { event in
      let name = event.name.isEmpty ? [] : Array(event.name.utf8) + Array(repeating: 0, count: 16 - event.name.utf8.count % 16)
      var header = inotify_event()
      (header.wd, header.mask, header.len) = (event.watch, UInt32(bitPattern: event.mask), UInt32(name.count))
      return withUnsafeBytes(of: header) { Array($0) } + name
    }[...]
  }

  @Test("The weightiest event decides: lost events outweigh arrivals, and the end outweighs all")
  func weight() {
    let arrival = (watch: CInt(1), mask: IN_MOVED_TO, name: "a.json")
    let overflow = (watch: CInt(-1), mask: IN_Q_OVERFLOW, name: "")
    #expect(InotifyWatch.ring(for: buffer(arrival, arrival), rootWatch: 2) == .changed)
    #expect(InotifyWatch.ring(for: buffer(arrival, overflow, arrival), rootWatch: 2) == .overflowed)
    #expect(InotifyWatch.ring(for: buffer(arrival, (1, IN_IGNORED, ""), overflow), rootWatch: 2) == .gone)
  }

  @Test("Unfinished files and neighbours of the spool's directories mean nothing")
  func nothing() {
    #expect(InotifyWatch.ring(for: buffer((1, IN_CLOSE_WRITE, ".a.tmp"), (2, IN_CREATE | IN_ISDIR, "other")), rootWatch: 2) == nil)
    #expect(InotifyWatch.ring(for: buffer((2, IN_ATTRIB | IN_ISDIR, "other")), rootWatch: 2) == nil)
    #expect(InotifyWatch.ring(for: buffer((2, IN_DELETE | IN_ISDIR, "incoming")), rootWatch: 2) == .gone)
    #expect(InotifyWatch.ring(for: [], rootWatch: 2) == nil)
    #expect(
      InotifyWatch.ring(for: buffer((1, IN_CREATE, "a.json")).dropLast(3), rootWatch: 2) == .changed, "a name that was cut is still news")
  }
}

@Suite struct CompletenessCheckTests {
  @Test(
    "A text is complete when its brackets are closed outside strings",
    arguments: [
      ("", false), (" \n", false), ("{", false), ("{}", true), ("[{}, {}]\n", true), (#"{"a":"}"#, false), (#"{"a":"}"}"#, true),
      (#"{"a":"\""#, false), (#"{"a":"\"}"}"#, true), (#"{"a":"\\"}"#, true), ("hello", false), ("\"{}\"", false), ("{}}", true),
      ("{]", true),
      ("[{}", false), ("{} {", false),
    ])
  func complete(text: String, expected: Bool) {
    #expect(looksComplete(Array(text.utf8)) == expected)
  }
}
