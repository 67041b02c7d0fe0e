# SPDX-License-Identifier: Apache-2.0
# The contract (../README.md) for a request of ruby-fcgi: env, in, out, err.
require "digest"

module Contract
  REST = (16...65_536).map { |i| (i * 7 + i / 256) & 255 }.pack("C*")

  module_function

  def reply(request, body, status = "200 OK", *fields)
    head = ["Status: #{status}", "Content-Type: text/plain", *fields]
    request.out << head.map { |line| "#{line}\r\n" }.join << "\r\n" << body
  end

  def down(request, size, declared)
    request.out << "Content-Type: application/octet-stream\r\n"
    request.out << "Content-Length: #{size}\r\n" if declared
    request.out << "\r\n"
    block = 0
    while size > 0
      piece = (("%016d" % block).b + REST).byteslice(0, size)
      request.out.write(piece)
      size -= piece.bytesize
      block += 1
    end
  end

  def param_line(request, name)
    value = request.env[name]
    value ? "#{name}=#{value}\n" : "#{name} absent\n"
  end

  def posted(request)
    body = request.in.read || ""
    witness(request, "read #{body.bytesize}")
    reply(request, "#{body.bytesize} #{Digest::SHA256.hexdigest(body)}\n")
  end

  # What the application sees of its body, for those who cannot be answered any more.
  def witness(request, line)
    path = request.env["WITNESS"]
    File.open(path, "a") { |file| file.puts(line) } if path
  end

  def answer(request)
    query = request.env["QUERY_STRING"].to_s.split("&").to_h { |pair| pair.split("=", 2) }
    case query["case"]
    when "params"
      names = query["names"].split(",")
      reply(request, names.map { |name| param_line(request, name) }.join)
    when "post" then posted(request)
    when "unread" then reply(request, "unread\n")
    when "head"
      reply(request, "whole\n", "200 OK", "Content-Length: 6",
            "X-Method: #{request.env["REQUEST_METHOD"]}")
    when "unmodified" then reply(request, "", "304 Not Modified", 'ETag: "contract"')
    when "missing" then reply(request, "missing\n", "404 Not Found")
    when "redirect"
      reply(request, "elsewhere\n", "302 Found", "Location: http://elsewhere.example/there?a=1")
    when "cookies"
      reply(request, "cookies\n", "200 OK",
            *["a=1", "b=2; Path=/", "c=3"].map { |cookie| "Set-Cookie: #{cookie}" })
    when "stderr"
      (1..query["lines"].to_i).each { |line| request.err << "stderr line #{line}\n" }
      reply(request, "stderr\n")
    when "down" then down(request, query["size"].to_i, query["length"] == "1")
    when "sleep"
      sleep(query["ms"].to_i / 1000.0)
      reply(request, "slept #{query["ms"]}\n")
    when "id" then reply(request, "#{query["token"]}\n", "200 OK", "X-Token: #{query["token"]}")
    else reply(request, "no such case\n", "500 Wrong")
    end
  end
end
