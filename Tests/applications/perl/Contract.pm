# SPDX-License-Identifier: Apache-2.0
# The contract (../README.md) as a CGI script does it, which FCGI.pm imitates: %ENV, STDIN, STDOUT.
package Contract;
use strict;
use warnings;

sub reply {
    my ($body, $status, @fields) = @_;
    unshift @fields, 'Status: ' . ($status // '200 OK'), 'Content-Type: text/plain';
    print map { "$_\r\n" } @fields, '';
    print $body;
}

# Loaded here, since it is most of what the start of a CGI script costs.
sub body_digest {
    require Digest::SHA;
    my ($digest, $length) = (Digest::SHA->new(256), 0);
    while (my $count = read(STDIN, my $piece, 65536)) {
        $digest->add($piece);
        $length += $count;
    }
    witness("read $length");
    return "$length " . $digest->hexdigest . "\n";
}

# What the application sees of its body, for those who cannot be answered any more.
sub witness {
    my ($line) = @_;
    return unless defined $ENV{WITNESS};
    open my $file, '>>', $ENV{WITNESS} or return;
    print $file "$line\n";
    close $file;
}

sub down {
    my ($size, $declared) = @_;
    print "Content-Type: application/octet-stream\r\n";
    print "Content-Length: $size\r\n" if $declared;
    print "\r\n";
    my $rest = join '', map { chr(($_ * 7 + int($_ / 256)) & 255) } 16 .. 65535;
    for (my $block = 0; $size > 0; $block++, $size -= 65536) {
        print substr(sprintf('%016d', $block) . $rest, 0, $size);
    }
}

sub param_line {
    my ($name) = @_;
    return defined $ENV{$name} ? "$name=$ENV{$name}\n" : "$name absent\n";
}

my %CASES = (
    params => sub { reply(join '', map { param_line($_) } split /,/, $_[0]{names}) },
    post   => sub { reply(body_digest()) },
    unread => sub { reply("unread\n") },
    head   => sub {
        reply("whole\n", '200 OK', 'Content-Length: 6', "X-Method: $ENV{REQUEST_METHOD}");
    },
    unmodified => sub { reply('', '304 Not Modified', 'ETag: "contract"') },
    missing    => sub { reply("missing\n", '404 Not Found') },
    redirect   =>
        sub { reply("elsewhere\n", '302 Found', 'Location: http://elsewhere.example/there?a=1') },
    cookies => sub {
        reply("cookies\n", '200 OK', map { "Set-Cookie: $_" } 'a=1', 'b=2; Path=/', 'c=3');
    },
    stderr => sub {
        print STDERR "stderr line $_\n" for 1 .. $_[0]{lines};
        reply("stderr\n");
    },
    down  => sub { down($_[0]{size}, $_[0]{length} eq '1') },
    sleep => sub {
        select undef, undef, undef, $_[0]{ms} / 1000;
        reply("slept $_[0]{ms}\n");
    },
    id => sub { reply("$_[0]{token}\n", '200 OK', "X-Token: $_[0]{token}") },
);

sub answer {
    my %query = map { split /=/, $_, 2 } split /&/, $ENV{QUERY_STRING} // '';
    my $case = $CASES{ $query{case} // '' } // sub { reply("no such case\n", '500 Wrong') };
    $case->(\%query);
}

1;
