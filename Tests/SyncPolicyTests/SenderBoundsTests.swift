import SyncPolicy
import Testing

@Suite("The bounds of a sender")
struct SenderBoundsTests {
  private let bounds = SenderBounds(files: 10, keys: 20, bytes: 1_000)

  @Test(
    "leave room for what is below all of them",
    arguments: [
      (SenderUse(), 10, nil, true),
      (SenderUse(files: 4, keys: 18, bytes: 999), 2, nil, false),
      (SenderUse(files: 9, keys: 1, bytes: 1), 1, nil, true),
      (SenderUse(files: 10, keys: 1, bytes: 1), 0, .files, false),
      (SenderUse(files: 0, keys: 25, bytes: 1), 0, .keys, false),
      (SenderUse(files: 0, keys: 0, bytes: 1_000), 0, .bytes, false),
      (SenderUse(files: 11, keys: 21, bytes: 1_001), 0, .files, false),
      (SenderUse(files: 0, keys: 18, bytes: 900), 2, nil, true),
    ] as [(SenderUse, Int, SenderBounds.Bound?, Bool)])
  func room(use: SenderUse, room: Int, reached: SenderBounds.Bound?, isClear: Bool) {
    #expect(bounds.room(besides: use) == room)
    #expect(bounds.reached(by: use) == reached)
    #expect((room == 0) == (reached != nil))
    #expect(bounds.isClear(of: use) == isClear)
  }

  @Test("can always be left, however small they are")
  func small() {
    #expect(SenderBounds(files: 1, keys: 1, bytes: 1).isClear(of: SenderUse()))
    #expect(!SenderBounds(files: 5, keys: 5, bytes: 5).isClear(of: SenderUse(keys: 5)))
  }
}
