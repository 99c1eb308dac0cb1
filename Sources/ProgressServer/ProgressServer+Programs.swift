import Hummingbird
import ProgressModel
import ProgressStore

extension ProgressServer {
  func addProgramRoutes(to router: Router<BasicRequestContext>) {
    router.at("/api/programs", [.get: listPrograms])
    router.at("/api/programs/:program_id", [.get: getProgram, .put: putProgram, .delete: deleteProgram])
  }

  @Sendable private func listPrograms(_: Request, _: BasicRequestContext) async throws -> Response {
    let programs = try await store.programs(of: .local)
    return Response(json: .object(["programs": .array(programs.map(\.json))]))
  }

  /// Answers the document as it was given.
  @Sendable private func getProgram(_: Request, _ context: BasicRequestContext) async throws -> Response {
    Response(jsonText: try await store.program(context.parameters.program(), of: .local).document)
  }

  /// Answers 201 for a new program and 200 for one that is replaced; progress that was made stays.
  @Sendable private func putProgram(_ request: Request, _ context: BasicRequestContext) async throws -> Response {
    let id = try context.parameters.program()
    let body = try await JSONBody(of: request)
    var reader = FieldReader(body.value, at: [.string("body")])
    guard let plan = reader.plan() else { throw Refusal.invalid(reader.problems) }
    let document = String(decoding: body.bytes, as: UTF8.self)
    let program = Program(id: id, title: plan.title, totalSessions: plan.sessions, document: document)
    let isNew = try await store.save(program, of: .local, at: now())
    return Response(
      status: isNew ? .created : .ok,
      json: .object([
        "success": .bool(true),
        "message": .string(isNew ? "Program created" : "Program replaced"),
        "program_id": .string(id.text),
        "total_sessions": .integer(plan.sessions),
      ]))
  }

  /// Deletes the program and all progress in it, and answers 204 without a body.
  @Sendable private func deleteProgram(_: Request, _ context: BasicRequestContext) async throws -> Response {
    try await store.deleteProgram(context.parameters.program(), of: .local)
    return Response(status: .noContent)
  }
}
