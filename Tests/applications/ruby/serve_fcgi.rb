#!/usr/bin/ruby
# SPDX-License-Identifier: Apache-2.0
# The contract under Debian's ruby-fcgi, the part of it that is written in Ruby: as many processes
# as asked for share the socket at descriptor 0. A request that is aborted, or cut, raises an error
# that ruby-fcgi does not rescue: the process ends, and this one starts another.
ENV["USE_PURE_RUBY_FCGI"] = "1"
require "fcgi"
require_relative "contract"

def serve
  fork do
    trap("TERM") { exit! }
    FCGI.each_request { |request| Contract.answer(request) }
  end
end

children = Array.new(ARGV[0].to_i) { serve }
trap("TERM") do
  children.each { |child| Process.kill("KILL", child) rescue nil }
  exit!
end
loop do
  ended = Process.wait
  children.delete(ended)
  children << serve
end
