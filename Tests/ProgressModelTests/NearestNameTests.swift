import ProgressModel
import Testing

@Suite("The nearest name")
struct NearestNameTests {
  @Test(
    "is the one that was probably meant",
    arguments: [
      ("compleet", "complete"), ("COMPLETE", "complete"), ("complte", "complete"), ("uncomplet", "uncomplete"), ("xyz", nil), ("", nil),
      (String(repeating: "complete", count: 1_000), nil), ("intensty_ratng", "intensity_rating"), ("inte", "intensity_rating"),
      ("int", nil), ("rating", nil),
    ] as [(String, String?)])
  func nearest(typo: String, name: String?) {
    #expect(["complete", "uncomplete", "intensity_rating"].nearest(to: typo) == name)
  }

  @Test("is the first in the alphabet among equals, and nothing among no names")
  func ties() {
    #expect(["b1", "a1"].nearest(to: "c1") == "a1")
    #expect(["id"].nearest(to: "iq") == "id")
    #expect(["id"].nearest(to: "ox") == nil)
    #expect([String]().nearest(to: "a") == nil)
  }
}
