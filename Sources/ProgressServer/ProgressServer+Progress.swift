import Hummingbird
import ProgressModel
import ProgressStore

extension ProgressServer {
  func addProgressRoutes(to router: Router<BasicRequestContext>) {
    let progress = "/api/progress/:program_id"
    router.at("\(progress)", [.get: getProgress])
    router.at("\(progress)/week/:week_number", [.get: getWeek])
    router.at("\(progress)/bulk-sync", [.post: bulkSync])
    for (endpoint, name) in Self.endpoints {
      router.at("\(progress)/\(endpoint)", [.post: { try await apply(name, $0, $1) }])
    }
  }

  private static let endpoints: KeyValuePairs<String, ActionName> = [
    "complete": .complete,
    "uncomplete": .uncomplete,
    "intensity": .intensity,
    "schedule": .schedule,
    "exercises": .exercise,
  ]

  private func apply(_ name: ActionName, _ request: Request, _ context: BasicRequestContext) async throws -> Response {
    let program = try context.parameters.program()
    var reader = FieldReader(try await JSONBody(of: request).value, at: [.string("body")])
    guard let action = reader.action(name, in: program) else { throw Refusal.invalid(reader.problems) }
    let logs = try await store.apply([action], of: .local, at: now())
    return Response(json: action.answer(logs[0]))
  }

  @Sendable private func bulkSync(_ request: Request, _ context: BasicRequestContext) async throws -> Response {
    let program = try context.parameters.program()
    let actions = try completions(of: await JSONBody(of: request).value, in: program)
    // An empty list touches no program, and yet there must be one.
    if actions.isEmpty { _ = try await store.program(program, of: .local) }
    let logs = try await store.apply(actions, of: .local, at: now())
    return Response(
      json: .object([
        "success": .bool(true),
        "message": .string("Completed \(logs.count) sessions"),
        "synced_count": .integer(logs.count),
      ]))
  }

  private func completions(of body: JSONValue, in program: ProgramID) throws -> [Action] {
    guard case .array(let items) = body else {
      throw Refusal.invalid([
        RequestProblem(type: "list_type", place: [.string("body")], message: "Input should be a valid list", input: body)
      ])
    }
    var problems: [RequestProblem] = []
    let actions = items.enumerated().compactMap { index, item in
      var reader = FieldReader(item, at: [.string("body"), .integer(index)])
      defer { problems += reader.problems }
      return reader.action(.complete, in: program)
    }
    guard problems.isEmpty else { throw Refusal.invalid(problems) }
    return actions
  }

  @Sendable private func getProgress(_ request: Request, _ context: BasicRequestContext) async throws -> Response {
    let program = try context.parameters.program()
    return Response(json: try await store.progress(in: program, week: nil, of: .local).json(of: program))
  }

  @Sendable private func getWeek(_ request: Request, _ context: BasicRequestContext) async throws -> Response {
    let program = try context.parameters.program()
    let week = try context.parameters.week()
    return Response(json: try await store.progress(in: program, week: week, of: .local).json(of: program, week: week))
  }
}

extension Parameters {
  fileprivate func week() throws -> Int {
    let text = get("week_number") ?? ""
    let value = Int(text).map { JSONValue.integer($0) } ?? .string(text)
    do throws(FieldRule<Int>.Violation) {
      return try FieldRule.sessionNumber.read(value)
    } catch {
      let problem = RequestProblem(
        type: error.type, place: [.string("path"), .string("week_number")], message: error.message, input: .string(text))
      throw Refusal.invalid([problem])
    }
  }
}
