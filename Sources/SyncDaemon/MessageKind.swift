package import Logging

/// The kinds of lines that the daemon writes, each with the id that `MESSAGE_ID=` carries; made by `systemd-id128 new`.
///
/// An id is what scripts and `systemd/progress-sync.catalog` go by: it stays, and a kind that is new gets a new one.
package enum MessageKind: String, CaseIterable, Sendable {
  // An action's life
  case accepted = "1347ce6715f1494fb26326182ba71490"
  case replaced = "28f6424851d24158b699aff8d364df7f"
  case superseded = "9aee7dc5e9db4eae9c8edf9b7561a858"
  case repeated = "fd58c239a99a47f689086f4d042f83f8"
  case refused = "cc7fdea1090f42e9965d220e56aa7122"
  case ignored = "49434d7d6e2542e08ba2f2d245c5e28a"
  case boundReached = "0b6b96404f2346d1a2dd8b8d220a02fb"
  case boundLeft = "ef28de5ba9e7467daf7fb4578f415269"
  case retrying = "0b5380bce4b5477eba584d9e20b87e3a"
  case synced = "7a5bbbc52b4c4f848acd6b993ceda31f"
  case retrySucceeded = "c80e49b2949e4343a5c20696e488baa5"
  case attemptFailed = "c97356a7ec6b477dbf082f6c6eb28b5e"
  case parked = "5068d16fb39940a1a5679c9e7f14d438"
  case rejected = "c8b83f66c98b4e07a5f4fc10c2edef61"
  case setAside = "3911fc8f124244f98f0d7854c65b9719"
  // The API
  case apiAnswers = "5d54b8054ff446c18e9b622f8cca7fb8"
  case apiPauses = "1420695543364bd6b682580fd1a7e636"
  case apiFails = "5dd5025d71c6402c9d03f65a89e488b4"
  case apiUnreachable = "29aff583b6d54034a91666359543c0b0"
  case apiHolds = "e2aa962430d04f328ca60624c536185a"
  case wokeUp = "6cf7ebcb0c3d453799779ba3e8d2ebe9"
  case tokenChanged = "7c89ccc02e8d4ca7bdc095c9374e4da5"
  case tokenKept = "863e91c1b5ee43d6a3db637fdc918092"
  case tokenExposed = "64ec709bfb3c4d2b8f6609f5b344f1ba"
  case userTokenUnusable = "3f3e73a0bae2464f913e72833fe43a63"
  case accountHeld = "519d309cb73445b191ebfa7cf803571d"
  case accountReleased = "ce252081db164082aeae44fccfcce8ae"
  case tokenUnwatched = "873ef0de244b48fbb48b85005d53ecd1"
  // The disk, and what else is watched
  case storageFailed = "8773d102418048babb1107bd4ba6ebd8"
  case storageRecovered = "ad47b6fc699c4f019c91499057c8470a"
  case removalFailed = "cf2d6048c0784a78a355ace528fcdf05"
  case queueRescued = "855f3dc6fc2243d1907f45540a75622f"
  case queueFull = "eef08bf116e24328a096ba4319d9ace4"
  case spoolUnwatched = "30e583da9ffc40ca9550af42d7211756"
  case networkUnwatched = "5fa6c20eb6c34b1894c290d2dd9c9648"
  case clockUnwatched = "9d0d202156874aada990755a36e0e4b8"
  case controlFailed = "40e1b688510a4f2cac16f7408db628c4"
  case controlLimited = "1c179929e1b944db8c7518d430bac416"
  case submissionFailed = "5a133dffe7bd4bd0a7f4c8492ac9e1b5"
  case metricsFailed = "d703f2bdb3da41288f548fded1e1062a"
  case metricsOpen = "a5e9bcbc3dfe4b68bc2f0b96f039ea6f"
  // Start, reload, stop
  case started = "1784f0158d45405ab73683d092d44f17"
  case stopped = "7bf2c2740e584b9bb8ffb2fbe69f8c58"
  case failedToStart = "65ccbef813e1453490e27ac886cbe6b6"
  case reloaded = "8a3a59affeee4d7bb30e17f8697f8d7f"
  case reloadRefused = "01f528ca0d574f92a03914ea4a29d275"
  case restartNeeded = "d7887fe521d740cda3adbf290b010fb9"
  // Commands of people
  case flushed = "bb35f10d2003473bb9ecb484e273f775"
  case retriedByHand = "4460cd3138974cd782d6b67ba7335c16"
  case discarded = "ea87ee4d5cfb40f19541c527f745d6f5"
  case clearing = "ec8fecd6acff4891a2538dcfef722de4"
  case cleared = "a6775a1b6a7f4382bbf15758b8724a97"
  case filesRequeued = "4ee561a654f14627b9127a756de51ff2"
  case filesDiscarded = "461dba07426f4311b9945582270799e7"
  case paused = "471e72d6ac3a4b9a8997b4dc650a7b1a"
  case resumed = "c2d4801dfdbc4be6b7e81a9e92197f3e"
  case levelChanged = "aff6a44bc0874039977111392cd03466"
  // What takes a person
  case incidentHeld = "a6775c9787c5411ca01258c027f9ac59"
  case incidentAccountHeld = "0619367c077a4c05bf95dff6d73adeb7"
  case incidentFailed = "a0bd0914e8404fbbbfee6f9fb946f34d"
  case incidentBound = "00f124626db74a88bc78b7ee103f179d"
  case incidentBacklog = "aa9e0edddf2c4ac4a9d29f16dd955a18"
  case incidentOver = "c039e20ef69c4630a05c161ed537d6f7"
  case noticeFailed = "591af11b904148e5b9baf9f9f220f1c9"

  package var id: String { rawValue }

  package var level: Logger.Level {
    switch self {
    case .replaced, .noticeFailed: .debug
    case .accepted, .repeated, .retrying, .synced, .retrySucceeded, .wokeUp: .info
    case .superseded, .ignored, .boundLeft, .apiAnswers, .apiPauses, .accountReleased, .tokenChanged, .tokenUnwatched, .storageRecovered,
      .networkUnwatched, .clockUnwatched, .metricsOpen, .started, .stopped, .reloaded, .flushed, .retriedByHand, .discarded, .clearing,
      .cleared, .filesRequeued, .filesDiscarded, .paused, .resumed, .levelChanged, .incidentOver:
      .notice
    case .refused, .boundReached, .attemptFailed, .parked, .apiFails, .apiUnreachable, .tokenExposed, .userTokenUnusable, .removalFailed,
      .spoolUnwatched, .controlLimited, .restartNeeded:
      .warning
    case .rejected, .setAside, .apiHolds, .accountHeld, .tokenKept, .storageFailed, .queueRescued, .queueFull, .reloadRefused,
      .controlFailed, .submissionFailed, .metricsFailed, .incidentHeld, .incidentAccountHeld, .incidentFailed, .incidentBound,
      .incidentBacklog:
      .error
    case .failedToStart: .critical
    }
  }

  /// What every line of the kind carries; it may carry more.
  package var fields: [JournalField] {
    switch self {
    case .accepted, .replaced: Self.entryFields + [.file]
    case .superseded: [.key, .program, .sender, .file]
    case .repeated: [.actionID, .sender, .file]
    case .refused: [.file, .sender, .rejectedAs, .reason]
    case .ignored: [.file, .reason]
    case .boundReached, .boundLeft: [.sender, .bound, .limit]
    case .retrying, .retrySucceeded: Self.entryFields + [.attempt]
    case .synced, .parked: Self.entryFields
    case .attemptFailed: Self.entryFields + [.attempt, .reason]
    case .rejected: Self.entryFields + [.status, .reason]
    case .setAside: [.entry]
    case .apiAnswers, .tokenChanged, .storageRecovered, .controlFailed, .submissionFailed, .metricsFailed, .stopped, .reloaded, .flushed,
      .resumed:
      []
    case .apiPauses, .apiFails, .apiUnreachable: [.reason, .until]
    case .apiHolds: [.reason, .status]
    case .accountHeld: [.account, .reason]
    case .accountReleased: [.account]
    case .wokeUp, .tokenKept, .tokenUnwatched, .userTokenUnusable, .storageFailed, .removalFailed, .controlLimited, .queueRescued,
      .queueFull, .spoolUnwatched,
      .networkUnwatched, .clockUnwatched, .failedToStart, .reloadRefused, .noticeFailed:
      [.reason]
    case .tokenExposed: [.api]
    case .metricsOpen: [.address]
    case .started: [.version, .spool, .api]
    case .restartNeeded: [.setting]
    case .discarded: Self.entryFields + [.caller]
    case .clearing: [.caller]
    case .retriedByHand, .cleared: [.caller, .entries]
    case .filesRequeued, .filesDiscarded: [.caller, .files]
    case .paused: [.caller]
    case .levelChanged: [.level]
    case .incidentHeld: [.incident, .reason, .status]
    case .incidentAccountHeld: [.incident, .account, .reason]
    case .incidentFailed: [.incident, .reason, .entries]
    case .incidentBound: [.incident, .sender, .limit]
    case .incidentBacklog: [.incident, .entries, .since]
    case .incidentOver: [.incident]
    }
  }

  /// Which entry of the queue it is about, and whose.
  private static let entryFields: [JournalField] = [.key, .program, .entry, .sender]
}

extension Logger {
  /// A logger for a part of the program that says little, and all of it of one kind, which has no fields.
  package func saying(_ kind: MessageKind) -> Logger {
    var logger = self
    logger[metadataKey: "MESSAGE_ID"] = "\(kind.id)"
    return logger
  }

  /// Says something of a kind, at the kind's own level unless another is given.
  package func say(
    _ kind: MessageKind, _ message: String, _ fields: [JournalField: String] = [:], at level: Logger.Level? = nil,
    file: String = #fileID, function: String = #function, line: UInt = #line
  ) {
    assert(kind.fields.allSatisfy { fields[$0] != nil }, "\(kind) lacks a field: \(fields)")
    var metadata: Logger.Metadata = ["MESSAGE_ID": "\(kind.id)"]
    for (field, value) in fields { metadata[field.rawValue] = "\(value)" }
    log(level: level ?? kind.level, "\(message)", metadata: metadata, file: file, function: function, line: line)
  }
}
