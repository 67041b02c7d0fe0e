#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Shows what it was sent.
use strict;
use warnings;
use FCGI;

my @names = qw(SCRIPT_NAME PATH_INFO QUERY_STRING REQUEST_URI REQUEST_METHOD SCRIPT_FILENAME
    DOCUMENT_ROOT REMOTE_USER HTTP_AUTHORIZATION TRAC_ENV);
# What those who started it have set; a request's own variables take its place.
my %started_with = %ENV;
my $request = FCGI::Request();
while ($request->Accept() >= 0) {
    my $body = '';
    read(STDIN, $body, $ENV{CONTENT_LENGTH} || 0);
    print "Content-Type: text/plain\r\n\r\n";
    print "$_=", $ENV{$_} // $started_with{$_} // '', "\n" for @names;
    print "body=$body\n";
}
