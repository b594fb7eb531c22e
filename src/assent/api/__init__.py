"""What Assent serves over HTTP.

May enter: one file per interface, its requests and answers. May not: policy, SQL, a store by name.
"""
