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
    if !bytes.isEmpty { #expect(SpoolName(escaped: shown) == SpoolName(bytes: bytes)) }
  }

  @Test("Any bytes that can be a name are read back from what is shown of them")
  func invertible() {
    var generator = SystemRandomNumberGenerator()
    for _ in 0..<2_000 {
      let alphabet: [UInt8] = [0x5c, 0x78, 0x30, 0x61, 0x41, 0xc3, 0xa9, 0xe2, 0x80, 0xae, 0x0a, 0xff, 0xf0, 0x9f]
      let name = SpoolName(bytes: (1...12).map { _ in alphabet.randomElement(using: &generator) ?? 0x61 })
      #expect(SpoolName(escaped: name.description) == name)
    }
  }

  @Test(
    "What no entry can be called, or is escaped wrongly, is no name",
    arguments: ["", ".", "..", "a/b", #"a\x2fb"#, #"\x00"#, #"\"#, #"\n"#, #"\x4"#, #"\x+1"#])
  func noName(text: String) {
    #expect(SpoolName(escaped: text) == nil)
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
