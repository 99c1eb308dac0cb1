import Spool
import Testing

@Suite struct SpoolNameTests {
  @Test(
    "A name is shown with nothing invisible in it",
    arguments: [
      (Array("plan b.json".utf8), "plan b.json"),
      (Array("woche-grün-🏋️.json".utf8), "woche-grün-🏋️.json"),
      (Array("a\nSTATUS=ok\u{1b}[2J.json".utf8), #"a\x0aSTATUS=ok\x1b[2J.json"#),
      ([0x61, 0xff, 0xc3, 0x2e, 0x6a], #"a\xff\xc3.j"#),
      (Array(#"a\x41.json"#.utf8), #"a\\x41.json"#),
      (Array("a\u{202e}b\u{2028}c\u{7f}\u{85}".utf8), #"a\xe2\x80\xaeb\xe2\x80\xa8c\x7f\xc2\x85"#),
      ([], ""),
    ])
  func description(bytes: [UInt8], shown: String) {
    #expect(SpoolName(bytes: bytes).description == shown)
  }

  @Test(
    "Only visible names that end in .json are action files",
    arguments: [
      ("a.json", true), (".json", false), (".a.json", false), ("a.json.tmp", false), ("a.JSON", false), ("json", false), ("", false),
      ("\n.json", true),
    ])
  func isActionFile(name: String, expected: Bool) {
    #expect(SpoolName(name).isActionFile == expected)
  }
}
