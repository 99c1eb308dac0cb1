import Spool
import SyncStore
import SystemPackage
import TestSupport

/// What goes wrong with the machine: it may die between any two effects, and its disk may refuse any of them.
final class Hazards {
  /// The one source of chance of a simulation.
  var random: SeededGenerator
  /// Nothing has an effect any more, until the machine is started again.
  private(set) var isDead = false
  /// How many more effects happen before the machine dies.
  var effectsUntilDeath: Int?
  var isDiskFull = false
  /// How likely any one effect fails by itself.
  var failureRate = 0.0

  init(seed: UInt64) {
    random = SeededGenerator(seed: seed)
  }

  enum Trouble: Error {
    case dead
    case full
    case failing
  }

  enum Effect {
    case read
    /// Takes new space.
    case grow
    /// Takes none that is not reserved for it.
    case write
    /// A rename or an unlink.
    case rename
  }

  /// Stands before every effect that the engine has on the world.
  func admit(_ effect: Effect) throws(Trouble) {
    if isDead { throw .dead }
    if let left = effectsUntilDeath {
      effectsUntilDeath = left - 1
      guard left > 0 else {
        die()
        throw .dead
      }
    }
    if isDiskFull, effect == .grow { throw .full }
    if failureRate > 0, chance(failureRate) { throw .failing }
  }

  /// Whether the disk does what it is told.
  var isCalm: Bool { !isDiskFull && failureRate == 0 }

  func die() {
    (isDead, effectsUntilDeath) = (true, nil)
  }

  func revive() {
    isDead = false
  }

  func stop() {
    (effectsUntilDeath, isDiskFull, failureRate) = (nil, false, 0)
  }

  func chance(_ probability: Double) -> Bool { Double.random(in: 0..<1, using: &random) < probability }

  func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }

  func pick<Element>(_ elements: [Element]) -> Element { elements[number(0...elements.count - 1)] }

  /// One of `choices`, each as likely as its weight says.
  func pick<Element>(weighted choices: [(weight: Int, element: Element)]) -> Element {
    var rest = number(1...choices.reduce(0) { $0 + $1.weight })
    return choices.first { choice in
      rest -= choice.weight
      return rest <= 0
    }?.element ?? choices[0].element
  }
}

extension Hazards.Trouble {
  var inStore: SyncStoreError {
    switch self {
    case .dead: .other("the machine is dead")
    case .full: .full("simulated")
    case .failing: .unusable("simulated")
    }
  }

  func inSpool(_ doing: String) -> SpoolError {
    .system(doing: doing, path: "simulated", code: self == .full ? .noSpace : .ioError)
  }
}
